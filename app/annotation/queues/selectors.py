"""Queues and their items as lists and pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from app.annotation.models import LabelQueue, QueueItem
from app.annotation.queues.progress import NAMES, annotator_progress, queue_counts
from app.config.pages import newest_first
from app.teams.models import User

NOTHING = dict.fromkeys(NAMES, 0)
_FIELDS = (
    "title", "instructions", "ordering", "seed", "labels_per_item", "blind", "show_rewards", "skipping",
    "lock_minutes", "screening", "screening_pass", "created_at", "closed_at",
)  # fmt: skip


def queues_page(
    user: User, rows: QuerySet[LabelQueue], *, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Queues, the newest first, with how far each is."""
    joined = rows.select_related("created_by").prefetch_related("sessions", "annotators")
    page, following = newest_first(joined, by="created_at", cursor=cursor, limit=limit)
    return _shapes(user, page), following


def queue_shape(user: User, queue: LabelQueue) -> dict[str, Any]:
    """One queue with its annotators' progress."""
    return _shapes(user, [queue])[0] | {"people": annotator_progress(queue)}


def items_page(queue: LabelQueue, *, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Items behind place `after`, as the queue's maker sees them."""
    rows = list(
        queue.items.filter(place__gt=after)
        .select_related("held_by")
        .prefetch_related("readings__annotator")
        .order_by("place")[: limit + 1]
    )
    return [_item(item) for item in rows[:limit]], rows[limit - 1].place if len(rows) > limit else None


def _shapes(user: User, queues: Sequence[LabelQueue]) -> list[dict[str, Any]]:
    counts = queue_counts(queues, user.pk)
    return [
        {name: getattr(queue, name) for name in _FIELDS}
        | {
            "id": queue.pk,
            "sessions": [session.pk for session in queue.sessions.all()],
            "annotators": [person.username for person in queue.annotators.all()],
            "created_by": queue.created_by.username if queue.created_by else None,
            "counts": counts.get(queue.pk, NOTHING),
        }
        for queue in queues
    ]


def _item(item: QueueItem) -> dict[str, Any]:
    return {
        "id": item.pk,
        "run": item.run_id,
        "leaf": item.leaf,
        "path": item.path,
        "place": item.place,
        "score": item.score,
        "truth": item.truth,
        "screening": item.screening,
        "held_by": item.held_by.username if item.held_by else None,
        "readers": [reading.annotator.username for reading in item.readings.all()],
    }
