"""Agreement, disagreements, adjudication."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from app.annotation.agreement.selectors import agreement, disagreements
from app.annotation.agreement.services import item_adjudicate
from app.annotation.models import LabelQueue
from app.config.pages import Limit
from app.config.problems import Absent
from app.explorer.access import user_of, visible
from app.explorer.schemas import Strict

router = Router(tags=["queues"])


class PairOut(Schema):
    """Two annotators on what both judged; `kappa` is null where chance alone would agree entirely."""

    first: str
    second: str
    units: int
    same: int
    kappa: float | None


class MeasuredOut(Schema):
    """Krippendorff's α over everybody (null where it is undefined), and Cohen's κ per pair; `units` judged twice."""

    alpha: float | None
    units: int
    pairs: list[PairOut]


class AgreementOut(Schema):
    """`steps`: ratings per step, α ordinal. `first_errors`: the index of the first error per path, α nominal.
    `preferences`: which of two siblings is better, α ordinal with ties between."""

    items_read_twice: int
    items_disputed: int
    items_adjudicated: int
    steps: MeasuredOut
    first_errors: MeasuredOut
    preferences: MeasuredOut


class DisputedStep(Schema):
    """A step with everybody's rating (null: unmarked or unsure) and the settled one."""

    node: int
    text: str
    ratings: dict[str, int | None]
    disputed: bool
    adjudicated: int | None


class Disagreement(Schema):
    """A path about which people disagree."""

    item: UUID
    run: UUID
    leaf: int
    place: int
    problem: str
    reference: str | None
    annotators: list[str]
    steps: list[DisputedStep]


class DisagreementPage(Schema):
    """In the queue's order; `next` is the place to go on from."""

    items: list[Disagreement]
    next: int | None


class AdjudicationIn(Strict):
    """The settled rating per node; null takes one back."""

    ratings: dict[int, Literal[-1, 0, 1] | None] = Field(min_length=1, max_length=20_000)
    comment: str = Field(default="", max_length=4000)


@router.get("/queues/{uuid:queue_id}/agreement", response=AgreementOut, summary="How far annotators agree")
def queue_agreement(request: HttpRequest, queue_id: UUID) -> dict[str, Any]:
    """On paths read to their end by two people or more; unsure marks count as missing."""
    return agreement(visible(request, LabelQueue, queue_id, "edit"))


@router.get("/queues/{uuid:queue_id}/disagreements", response=DisagreementPage, summary="Paths in dispute")
def queue_disagreements(
    request: HttpRequest, queue_id: UUID, after: Annotated[int, Query(ge=-1)] = -1, limit: Limit = 20
) -> dict[str, Any]:
    """Side by side what everybody said about each step, and what was settled."""
    found, following = disagreements(visible(request, LabelQueue, queue_id, "edit"), after=after, limit=limit)
    return {"items": found, "next": following}


@router.put(
    "/queues/{uuid:queue_id}/items/{uuid:item_id}/adjudication", response={204: None}, summary="Settle a disagreement"
)
def adjudicate(request: HttpRequest, queue_id: UUID, item_id: UUID, adjudication: AdjudicationIn) -> Status:
    """A human label of its own, marked `adjudicated`; nobody's marks change."""
    queue = visible(request, LabelQueue, queue_id, "edit")
    item = queue.items.select_related("run").filter(pk=item_id).first()
    if item is None:
        raise Absent(f"The queue has no item {item_id}.")
    item_adjudicate(item=item, user=user_of(request), **adjudication.model_dump())
    return Status(204, None)
