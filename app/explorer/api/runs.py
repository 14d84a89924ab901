"""Runs and their journal."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router, Status

from app.config.pages import Cursor, Limit
from app.explorer.access import user_of, visible_run, visible_session
from app.explorer.schemas import ForkIn, RunIn
from app.explorer.selectors import (
    charts_of,
    events_page,
    journal_lines,
    packed_skeleton,
    recipe_of,
    run_shape,
    runs_page,
    selections_of,
    skeleton,
)
from app.explorer.selectors.charts import Theme
from app.explorer.services import run_create, run_fork
from app.explorer.shapes import ChartsOut, EventPage, RecipeOut, RunOut, RunPage, SelectionsOut
from search.aggregation import Aggregation
from search.selection import Settings

router = Router(tags=["runs"])


@router.get("/sessions/{uuid:session_id}/runs", response=RunPage, summary="A session's runs, the newest first")
def runs(request: HttpRequest, session_id: UUID, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Waiting ones say where they stand in the queue and why they wait."""
    items, following = runs_page(visible_session(request, session_id).runs.all(), cursor=cursor, limit=limit)
    return {"items": items, "next": following}


@router.post("/sessions/{uuid:session_id}/runs", response={201: RunOut}, summary="Start a run")
def start_run(request: HttpRequest, session_id: UUID, run: RunIn) -> Status:
    """Only `problem` and `algorithm` are required. The seed is drawn when left out, and stored."""
    session = visible_session(request, session_id, "steer")
    return Status(201, run_shape(run_create(session=session, user=user_of(request), wanted=run)))


@router.get("/runs/{uuid:run_id}", response=RunOut, summary="One run")
def run(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    """Its settings, state, counters and answer."""
    return run_shape(visible_run(request, run_id))


@router.post("/runs/{uuid:run_id}/fork", response={201: RunOut}, summary="Go another way from a moment of a run")
def fork_run(request: HttpRequest, run_id: UUID, fork: ForkIn) -> Status:
    """A new run that shares the journal up to event `at`; `change` is what is different from there on."""
    found = visible_run(request, run_id, "steer")
    return Status(201, run_shape(run_fork(run=found, user=user_of(request), wanted=fork)))


@router.get("/runs/{uuid:run_id}/events", response=EventPage, summary="The journal")
def events(
    request: HttpRequest,
    run_id: UUID,
    after: Annotated[int, Query(ge=0, description="The last sequence number you have.")] = 0,
    limit: Limit = 500,
) -> dict[str, Any]:
    """Events from `after` + 1 on, without gaps; effects with their payload."""
    items, following = events_page(visible_run(request, run_id).pk, after=after, limit=limit)
    return {"items": items, "next": following}


@router.get("/runs/{uuid:run_id}/journal", summary="The journal as a file")
def journal(request: HttpRequest, run_id: UUID) -> StreamingHttpResponse:
    """JSON Lines, header first: what `python -m search replay`, `select` and `rescore` read."""
    run = visible_run(request, run_id)
    name = f"{run.algorithm}-{str(run.pk)[:8]}.jsonl"
    return StreamingHttpResponse(
        journal_lines(run),
        content_type="application/x-ndjson; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/runs/{uuid:run_id}/recipe", response=RecipeOut, summary="How to run the same elsewhere")
def recipe(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    """The run's settings as a command line and as a Python script, every setting named."""
    return recipe_of(visible_run(request, run_id))


@router.get("/runs/{uuid:run_id}/skeleton", summary="The whole tree as columns, without texts")
def tree_skeleton(
    request: HttpRequest, run_id: UUID, at: Annotated[int | None, Query(ge=1)] = None, packed: bool = False
) -> HttpResponse:
    """`{as_of_seq, state, revision, count, chosen, columns}` of one moment: now, or after event `at`.

    With `packed` or `Accept: application/octet-stream`, the tree of now as binary columns
    (app/explorer/selectors/packed.py).
    """
    run = visible_run(request, run_id)
    asked = request.accepts("application/octet-stream") and not request.accepts("application/json")
    if at is None and (packed or asked):
        return HttpResponse(packed_skeleton(run.pk), content_type="application/octet-stream")
    return HttpResponse(skeleton(run.pk, at), content_type="application/json; charset=utf-8")


@router.get("/runs/{uuid:run_id}/charts", response=ChartsOut, summary="The charts of a run")
def charts(request: HttpRequest, run_id: UUID, theme: Theme = "light") -> dict[str, Any]:
    """Plotly figures as JSON, each with a sentence that says what to look for; refreshed at most every two seconds."""
    return charts_of(visible_run(request, run_id), theme)


@router.get(
    "/runs/{uuid:run_id}/selections", response=SelectionsOut, summary="What every selection rule makes of a run's paths"
)
def selections(
    request: HttpRequest,
    run_id: UUID,
    rules: Annotated[
        str | None, Query(max_length=400, description="Names with commas between them; all by default.")
    ] = None,
    aggregation: Annotated[Aggregation, Query(description="How step scores become a path's.")] = "last",
    power: Annotated[float, Query(ge=0, le=10, allow_inf_nan=False, description="Of Borda votes by certainty.")] = 0.5,
    first: Annotated[int, Query(ge=1, le=256, description="How many of the first finished vote.")] = 3,
) -> dict[str, Any]:
    """One pool of finished paths, nothing generated: each rule's answer, its support, if it is right; and pass@k."""
    return selections_of(visible_run(request, run_id), rules, Settings(aggregation, power, first))
