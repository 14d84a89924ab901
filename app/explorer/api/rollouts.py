"""Was a branch good? Rollouts of a node outside its run."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Body, Router, Schema, Status
from pydantic import Field

from app.config.errands import errand_look_after
from app.explorer.access import user_of, visible_run
from app.explorer.schemas import Strict
from app.explorer.services.rollout import rollout_create, rollout_ring

router = Router(tags=["nodes"])
SHOWN = 5


class RolloutIn(Strict):
    """How many completions."""

    k: int = Field(default=16, ge=1, le=256)


class RolloutOut(Schema):
    """`queued`, `running`, `completed` (`result`) or `failed` (`error`).

    `result`: `{right, share, interval, tokens, status, completions: [{steps, tokens, finished, answer, correct}]}`; the
    numbers are null where nobody knows what is right.
    """

    id: UUID
    node: int
    k: int
    state: str
    error: str | None
    result: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


class RolloutList(Schema):
    """The latest, the newest first; there is never a next page."""

    items: list[RolloutOut]
    next: None = None


SIXTEEN = Body(default_factory=RolloutIn)
PATH = "/runs/{uuid:run_id}/nodes/{int:index}/rollouts"


@router.post(PATH, response={201: RolloutOut}, summary="Roll out from a node")
def roll_out(request: HttpRequest, run_id: UUID, index: int, rollouts: RolloutIn = SIXTEEN) -> Status:
    """The run's policy completes the node `k` times, outside the run's budget; the tree stays as it is."""
    run = visible_run(request, run_id, "steer")
    return Status(201, rollout_create(run=run, user=user_of(request), node=index, k=rollouts.k))


@router.get(PATH, response=RolloutList, summary="Rollouts of a node")
def rollouts(request: HttpRequest, run_id: UUID, index: int) -> dict[str, Any]:
    """The share that came right, with its 95 % interval, and every completion."""
    run = visible_run(request, run_id)
    found = list(run.rollouts.filter(node=index).order_by("-created_at")[:SHOWN])
    for one in found:
        errand_look_after(one, rollout_ring)
    return {"items": found}
