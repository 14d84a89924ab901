"""Labels and exports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema, Status

from app.annotation.download import download
from app.annotation.exports import export_cancel, export_create, export_path, export_ring
from app.annotation.import_api import router as imports
from app.annotation.jobs import is_forgotten
from app.annotation.models import ExportJob
from app.annotation.preferred_steps import Pairs
from app.annotation.selectors import label_shape, labels_page
from app.annotation.services import label_set
from app.config.pages import Cursor, Limit, newest_first
from app.config.problems import Absent, Conflict
from app.explorer.access import principal_of, user_of, visible, visible_run, visible_session
from app.explorer.schemas import Strict
from app.teams.permissions import visible_to
from search.datasets.records import Neutral

router = Router(tags=["labels"])
router.add_router("", imports)


class LabelIn(Strict):
    """`rating`: −1 bad, 0 neutral, 1 good; null takes the mark back (unmarked is not neutral)."""

    rating: Literal[-1, 0, 1] | None
    unsure: bool = False
    tags: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(default_factory=list, max_length=20)
    comment: str = Field(default="", max_length=4000)


class StepLabelOut(Schema):
    """A judgement of a step: by whom or what, and when. `value` and `counts` (`{right, of}`) are those of rollouts."""

    node: int
    rating: int | None
    unsure: bool
    tags: list[str]
    comment: str
    at: datetime
    source: str
    model: str
    value: float | None
    counts: dict[str, int] | None
    by: str | None


class LabelPage(Schema):
    """Current labels in the order they were given."""

    items: list[StepLabelOut]
    next: int | None


class ExportFilters(Strict):
    """Which labels go into the file. Sources are mixed only when several are named.

    `pairs` is about preferences between siblings: those that were `stated`, those that ratings imply (`rated`), or all.
    `cut_by`: steps that an annotator divided or joined come so, with the original beside, or as the model cut them.
    `neutral` says what rating 0 becomes in a format without a third value: `good`, `bad`, or `half` (numbers). With
    `once`, labels of a beginning that several paths share come with the first of them only.
    """

    session: UUID
    runs: list[UUID] = Field(default_factory=list, max_length=1000)
    annotators: list[str] = Field(default_factory=list, max_length=100)
    sources: list[Literal["human", "rollout", "exact", "model"]] = Field(default=["human"], min_length=1)
    neutral: Neutral = "good"
    once: bool = False
    pairs: Pairs = "all"
    cut_by: Literal["annotator", "model"] = "annotator"


class ExportIn(Strict):
    """An export of a session's labels."""

    format: str = Field(max_length=40)
    filters: ExportFilters


class ExportOut(Schema):
    """A job: `queued`, `running` (`done` of `total` runs), `completed` (`counts`, `url`), `failed` or `cancelled`.

    `sha256` and `size` (bytes) are the file's.
    """

    id: UUID
    format: str
    filters: dict[str, Any]
    state: str
    done: int
    total: int | None
    counts: dict[str, Any]
    error: str | None
    url: str | None
    sha256: str
    size: int | None
    created_at: datetime
    finished_at: datetime | None
    created_by: str | None


class ExportPage(Schema):
    """Exports, the newest first."""

    items: list[ExportOut]
    next: str | None


@router.put("/runs/{uuid:run_id}/nodes/{int:index}/label", response=StepLabelOut, summary="Mark a step")
def label(request: HttpRequest, run_id: UUID, index: int, label: LabelIn) -> dict[str, Any]:
    """Your mark replaces your former one, which is kept as history."""
    run = visible_run(request, run_id, "label")
    return label_shape(label_set(run=run, user=user_of(request), node_index=index, **label.model_dump()))


@router.get("/runs/{uuid:run_id}/labels", response=LabelPage, summary="The labels of a run")
def labels(
    request: HttpRequest, run_id: UUID, mine: bool = False, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 500
) -> dict[str, Any]:
    """Everybody's current ones, each with its source; with `mine`, only yours."""
    run = visible_run(request, run_id)
    items, following = labels_page(principal_of(request), run, mine=mine, after=after, limit=limit)
    return {"items": items, "next": following}


@router.post("/exports", response={201: ExportOut}, summary="Export labels to a file")
def export(request: HttpRequest, export: ExportIn) -> Status:
    """JSON Lines in one of the formats of `GET /formats`.

    A format of paths has one line per marked path: from the first step on, for as long as steps are marked. It is cut
    at the first step that is unmarked or whose annotator was unsure, since neither is a judgement. A step that several
    generations wrote piece by piece is one step. What several people marked gives a line for each of them. A format of
    trees or journals has every run of the session, labelled or not.
    """
    session = visible_session(request, export.filters.session, "export")
    filters = export.filters.model_dump(mode="json", exclude={"session"})
    job = export_create(session=session, user=user_of(request), format=export.format, filters=filters)
    return Status(201, _shape(job))


@router.get("/exports", response=ExportPage, summary="Exports, the newest first")
def exports(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Those of your teams."""
    rows = visible_to(principal_of(request), ExportJob).select_related("created_by")
    page, following = newest_first(rows, by="created_at", cursor=cursor, limit=limit)
    return {"items": [_shape(job) for job in page], "next": following}


@router.get("/exports/{uuid:export_id}", response=ExportOut, summary="How an export is doing")
def export_state(request: HttpRequest, export_id: UUID) -> dict[str, Any]:
    """A job whose worker died, or that no worker was told of, is started again by this question."""
    job = visible(request, ExportJob, export_id)
    if is_forgotten(job):
        export_ring(job)
    return _shape(job)


@router.get("/exports/{uuid:export_id}/file", summary="The file of an export")
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponseBase:
    """JSON Lines. `Range` is honoured; the entity tag is the file's SHA-256."""
    job = visible(request, ExportJob, export_id)
    if job.state != ExportJob.State.COMPLETED:
        why = job.error or "Ask again in a moment (GET /api/v1/exports/" + str(job.pk) + ")."
        raise Conflict(f"The export is {job.state}, there is no file yet. {why}")
    name = f"espalier-{job.format}-{job.created_at:%Y%m%d-%H%M%S}.jsonl"
    try:
        return download(request, export_path(job), name=name, content_type="application/x-ndjson", sha256=job.sha256)
    except FileNotFoundError as error:
        raise Absent("The file of this export was removed from the server. Export again.") from error


@router.post("/exports/{uuid:export_id}/cancel", response=ExportOut, summary="Cancel an export")
def cancel_export(request: HttpRequest, export_id: UUID) -> dict[str, Any]:
    """Nothing of its file stays. An export that has ended is left as it is."""
    return _shape(export_cancel(visible(request, ExportJob, export_id, "export")))


def _shape(job: ExportJob) -> dict[str, Any]:
    return {
        "id": job.pk,
        "format": job.format,
        "filters": {"session": str(job.session_id)} | job.filters,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "counts": job.counts,
        "error": job.error,
        "sha256": job.sha256,
        "size": job.size,
        "url": f"/api/v1/exports/{job.pk}/file" if job.state == ExportJob.State.COMPLETED else None,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "created_by": job.created_by.username if job.created_by else None,
    }
