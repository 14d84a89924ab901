"""Queues of paths to label."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from app.annotation.models import LabelQueue, QueueItem
from app.annotation.queues.hand_out import item_hold, item_skip, item_submit, item_take
from app.annotation.queues.progress import queue_counts
from app.annotation.queues.schemas import (
    HeldOut,
    ItemOut,
    ItemPage,
    QueueChange,
    QueueDetail,
    QueueIn,
    QueuePage,
    ReadOut,
    TaskOut,
    TruthIn,
)
from app.annotation.queues.selectors import items_page, queue_shape, queues_page
from app.annotation.queues.services import item_set_truth, queue_create, queue_update
from app.annotation.review.schemas import ReviewIn
from app.annotation.review.selectors import path_view, review_shape
from app.config.pages import Cursor, Limit
from app.config.problems import Absent
from app.explorer.access import user_of, visible, visible_session
from app.teams.permissions import visible_to

router = Router(tags=["queues"])


@router.get("/queues", response=QueuePage, summary="Queues, the newest first")
def queues(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Those of your teams, with how far each is."""
    user = user_of(request)
    items, following = queues_page(user, visible_to(user, LabelQueue), cursor=cursor, limit=limit)
    return {"items": items, "next": following}


@router.post("/queues", response={201: QueueDetail}, summary="Make a queue")
def make_queue(request: HttpRequest, queue: QueueIn) -> Status:
    """Over the paths of the runs that are finished now; runs that finish later need a queue of their own."""
    sessions = [visible_session(request, session, "edit") for session in dict.fromkeys(queue.sessions)]
    user = user_of(request)
    settings = queue.model_dump(exclude={"sessions", "gold"})
    gold: dict[str, Any] = {"gold_by": queue.gold.by, "gold_count": queue.gold.count} if queue.gold else {}
    return Status(201, queue_shape(user, queue_create(sessions=sessions, user=user, **settings, **gold)))


@router.get("/queues/{uuid:queue_id}", response=QueueDetail, summary="One queue")
def queue(request: HttpRequest, queue_id: UUID) -> dict[str, Any]:
    """With readings, seconds per item and accuracy on gold for each annotator."""
    found = visible(request, LabelQueue, queue_id)
    return queue_shape(user_of(request), found)


@router.patch("/queues/{uuid:queue_id}", response=QueueDetail, summary="Close a queue, or say who labels")
def change_queue(request: HttpRequest, queue_id: UUID, change: QueueChange) -> dict[str, Any]:
    """From a closed queue nobody gets another path; everything is kept, and it can be opened again. With a lower
    `screening_pass` those who fell short may go on."""
    found = visible(request, LabelQueue, queue_id, "edit")
    queue_update(queue=found, **change.model_dump())
    return queue_shape(user_of(request), found)


@router.get("/queues/{uuid:queue_id}/items", response=ItemPage, summary="The items of a queue")
def items(
    request: HttpRequest, queue_id: UUID, after: Annotated[int, Query(ge=-1)] = -1, limit: Limit = 100
) -> dict[str, Any]:
    """For those who may edit: it says which are gold, and who read what."""
    found, following = items_page(visible(request, LabelQueue, queue_id, "edit"), after=after, limit=limit)
    return {"items": found, "next": following}


@router.post("/queues/{uuid:queue_id}/take", response=TaskOut, summary="Label next")
def take(request: HttpRequest, queue_id: UUID) -> dict[str, Any]:
    """The next path for you, locked so that nobody else gets it; the one you hold already comes first."""
    found = visible(request, LabelQueue, queue_id, "label")
    user = user_of(request)
    taken = item_take(queue=found, user=user)
    counts = queue_counts([found], user.pk)[found.pk]
    if taken is None:
        return {"item": None, "held_until": None, "path": None, "counts": counts}
    item, until = taken
    path = path_view(user, item.run, item.leaf, with_rewards=found.show_rewards)
    return {"item": item.pk, "held_until": until, "path": path, "counts": counts}


@router.post(
    "/queues/{uuid:queue_id}/items/{uuid:item_id}/submit", response={201: ReadOut}, summary="End the reading of an item"
)
def submit(request: HttpRequest, queue_id: UUID, item_id: UUID, review: ReviewIn) -> Status:
    """As for a path outside of queues; the lock is given back."""
    item = _item(request, queue_id, item_id, "label")
    reading = item_submit(item=item, user=user_of(request), ending=review.model_dump())
    assert reading.review is not None
    return Status(201, {"review": review_shape(reading.review)})


@router.post("/queues/{uuid:queue_id}/items/{uuid:item_id}/skip", response={204: None}, summary="Skip an item")
def skip(request: HttpRequest, queue_id: UUID, item_id: UUID) -> Status:
    """Whether it comes back to you, goes to others, or cannot be skipped is the queue's policy."""
    item_skip(item=_item(request, queue_id, item_id, "label"), user=user_of(request))
    return Status(204, None)


@router.post("/queues/{uuid:queue_id}/items/{uuid:item_id}/hold", response=HeldOut, summary="Still reading")
def hold(request: HttpRequest, queue_id: UUID, item_id: UUID) -> dict[str, Any]:
    """The lock runs anew; 409 when somebody else has the item by now."""
    return {"held_until": item_hold(item=_item(request, queue_id, item_id, "label"), user=user_of(request))}


@router.put("/queues/{uuid:queue_id}/items/{uuid:item_id}/truth", response=ItemOut, summary="Make an item gold")
def set_truth(request: HttpRequest, queue_id: UUID, item_id: UUID, truth: TruthIn) -> dict[str, Any]:
    """Everybody gets a gold item, and is measured by it."""
    item = item_set_truth(item=_item(request, queue_id, item_id, "edit"), ratings=truth.ratings)
    return items_page(item.queue, after=item.place - 1, limit=1)[0][0]


def _item(request: HttpRequest, queue_id: UUID, item_id: UUID, action: Any) -> QueueItem:
    queue = visible(request, LabelQueue, queue_id, action)
    item = queue.items.select_related("queue__team", "run__problem", "run__session").filter(pk=item_id).first()
    if item is None:
        raise Absent(f"The queue has no item {item_id}.")
    return item
