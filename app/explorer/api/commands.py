"""What a person tells a run. Every command is stored first and carried out by the run's worker: 202."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Body, Query, Router, Status

from app.config.pages import Limit
from app.explorer.access import user_of, visible_run
from app.explorer.models.journal import CommandKind
from app.explorer.schemas import CommandIn, ExpandIn, RaiseIn, TextIn
from app.explorer.selectors import commands_page
from app.explorer.services import command_create
from app.explorer.shapes import CommandOut, CommandPage

router = Router(tags=["commands"])
NO_FIELDS = Body(default_factory=CommandIn)
ONE_CHILD = Body(default_factory=ExpandIn)


def _give(request: HttpRequest, run_id: UUID, kind: CommandKind, given: CommandIn, **fields: Any) -> Status:
    run = visible_run(request, run_id, "steer")
    command = command_create(run=run, user=user_of(request), kind=kind, id=given.id, **fields)
    return Status(202, {"command": command.pk, "state": run.state})


@router.get("/runs/{uuid:run_id}/commands", response=CommandPage, summary="What people told the run")
def commands(
    request: HttpRequest, run_id: UUID, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 200
) -> dict[str, Any]:
    """In the order they were given, and what became of each: `applied_seq` is its event, `error` why it was refused."""
    items, following = commands_page(visible_run(request, run_id), after=after, limit=limit)
    return {"items": items, "next": following}


@router.post("/runs/{uuid:run_id}/pause", response={202: CommandOut}, summary="Pause")
def pause(request: HttpRequest, run_id: UUID, command: CommandIn = NO_FIELDS) -> Status:
    """Stops after the model call that is under way; nothing is lost."""
    return _give(request, run_id, CommandKind.PAUSE, command)


@router.post("/runs/{uuid:run_id}/resume", response={202: CommandOut}, summary="Resume a paused or failed run")
def resume(request: HttpRequest, run_id: UUID, command: CommandIn = NO_FIELDS) -> Status:
    """Goes on where it stopped, with whatever was changed meanwhile. A failed run tries again what failed."""
    return _give(request, run_id, CommandKind.RESUME, command)


@router.post("/runs/{uuid:run_id}/cancel", response={202: CommandOut}, summary="Cancel for good")
def cancel(request: HttpRequest, run_id: UUID, command: CommandIn = NO_FIELDS) -> Status:
    """Aborts the model call that is under way; the tree so far is kept and gets an answer."""
    return _give(request, run_id, CommandKind.CANCEL, command)


@router.post("/runs/{uuid:run_id}/budget", response={202: CommandOut}, summary="Raise the budget")
def raise_budget(request: HttpRequest, run_id: UUID, command: RaiseIn) -> Status:
    """A cap can be raised or lifted (null), never lowered. A run that had spent its budget goes on."""
    caps = command.budget.model_dump(exclude_unset=True)
    return _give(request, run_id, CommandKind.RAISE_BUDGET, command, budget=caps)


@router.post("/runs/{uuid:run_id}/nodes/{int:index}/expand", response={202: CommandOut}, summary="Expand a node")
def expand(request: HttpRequest, run_id: UUID, index: int, command: ExpandIn = ONE_CHILD) -> Status:
    """The policy writes `n` more next steps below it."""
    return _give(request, run_id, CommandKind.EXPAND, command, node=index, n=command.n)


@router.post("/runs/{uuid:run_id}/nodes/{int:index}/prune", response={202: CommandOut}, summary="Prune a node")
def prune(request: HttpRequest, run_id: UUID, index: int, command: CommandIn = NO_FIELDS) -> Status:
    """The search no longer goes on below it."""
    return _give(request, run_id, CommandKind.PRUNE, command, node=index)


@router.post("/runs/{uuid:run_id}/nodes/{int:index}/restore", response={202: CommandOut}, summary="Restore a node")
def restore(request: HttpRequest, run_id: UUID, index: int, command: CommandIn = NO_FIELDS) -> Status:
    """Brings back what the search or a person pruned."""
    return _give(request, run_id, CommandKind.RESTORE, command, node=index)


@router.post("/runs/{uuid:run_id}/nodes/{int:index}/edit", response={202: CommandOut}, summary="Rewrite a step")
def edit(request: HttpRequest, run_id: UUID, index: int, command: TextIn) -> Status:
    """Adds a sibling of kind `human` with your text; the step itself stays as it was."""
    return _give(request, run_id, CommandKind.EDIT, command, node=index, text=command.text)


@router.post("/runs/{uuid:run_id}/nodes/{int:index}/hint", response={202: CommandOut}, summary="Give a hint")
def hint(request: HttpRequest, run_id: UUID, index: int, command: TextIn) -> Status:
    """What the policy shall keep in mind below this node, if it was trained to read hints."""
    return _give(request, run_id, CommandKind.HINT, command, node=index, text=command.text)
