"""Handing out items one by one. A lock with an expiry in PostgreSQL: two people never hold one item."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from app.annotation.models import ItemReading, LabelQueue, QueueItem, Skipping
from app.annotation.queues.screening import standing
from app.annotation.review.services import review_submit
from app.config.problems import Conflict, Forbidden
from app.teams.models import User

# Whoever is locked by somebody else in this very moment is passed over (SKIP LOCKED), not waited for. First what one
# already holds, then what one has not skipped, then the queue's order. Gold is for everybody, whoever has read it.
_TAKE = """
WITH mine AS (
    SELECT i.id FROM annotation_queueitem i
    WHERE i.queue_id = %(queue)s
      AND (i.screening OR NOT %(screening_only)s)
      AND (i.held_until IS NULL OR i.held_until < clock_timestamp() OR i.held_by_id = %(user)s)
      AND NOT EXISTS (
        SELECT 1 FROM annotation_itemreading r
        WHERE r.item_id = i.id AND r.annotator_id = %(user)s AND (r.review_id IS NOT NULL OR NOT %(skipped_again)s)
      )
      AND (i.truth IS NOT NULL OR (
        SELECT count(*) FROM annotation_itemreading r JOIN annotation_pathreview v ON v.id = r.review_id
        WHERE r.item_id = i.id AND v.outcome <> 'give_up'
      ) < %(per_item)s)
    ORDER BY
      (i.held_by_id IS NOT DISTINCT FROM %(user)s AND i.held_until >= clock_timestamp()) DESC,
      EXISTS (SELECT 1 FROM annotation_itemreading r WHERE r.item_id = i.id AND r.annotator_id = %(user)s),
      i.place
    LIMIT 1 FOR UPDATE OF i SKIP LOCKED
)
UPDATE annotation_queueitem i SET held_by_id = %(user)s, held_until = clock_timestamp() + %(lock)s * interval '1 minute'
FROM mine WHERE i.id = mine.id RETURNING i.id, i.held_until
"""


def item_take(*, queue: LabelQueue, user: User) -> tuple[QueueItem, datetime] | None:
    """The next item for this person, locked for `lock_minutes`, and until when; None when there is none for them now.

    Raises:
        Forbidden: the queue names its annotators, and they are none of them; or they did not pass its screening.
        Conflict: the queue is closed.
    """
    _may_label(queue, user)
    screened = standing(queue, user)
    if screened.passed is False:
        raise Forbidden(
            f"The first paths of this queue have a known truth. You had {screened.accuracy:.0%} of their steps right,"
            f" and {queue.screening_pass:.0%} are asked for. An editor of the team can lower what is asked for."
        )
    values: dict[str, Any] = {
        "queue": queue.pk,
        "user": user.pk,
        "skipped_again": queue.skipping == Skipping.LATER,
        "per_item": queue.labels_per_item,
        "screening_only": screened.passed is None,
        "lock": queue.lock_minutes,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        found = cursor.fetchone()
    return (queue.items.select_related("run__problem", "run__session").get(pk=found[0]), found[1]) if found else None


def item_hold(*, item: QueueItem, user: User) -> datetime:
    """Somebody is still reading: the lock runs anew.

    Raises:
        Conflict: somebody else holds it by now.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE annotation_queueitem "
            "SET held_until = clock_timestamp() + %s * interval '1 minute', held_by_id = %s "
            "WHERE id = %s AND (held_by_id = %s OR held_until < clock_timestamp() OR held_until IS NULL) "
            "RETURNING held_until",
            (item.queue.lock_minutes, user.pk, item.pk, user.pk),
        )
        found = cursor.fetchone()
    if found is None:
        raise _taken()
    until: datetime = found[0]
    return until


@transaction.atomic
def item_submit(*, item: QueueItem, user: User, ending: Mapping[str, Any]) -> ItemReading:
    """End the reading of an item; `ending` as `review_submit` takes it. A lock that ran out does no harm as long as
    nobody else has the item.

    Raises:
        Absent, Invalid: as `review_submit`.
        Conflict: the queue is closed, somebody else holds the item by now (the marks are kept), or it is one of the
            screening and was read before.
        Forbidden: not one of the queue's annotators.
    """
    _may_label(item.queue, user)
    _lock(item, user)
    if item.screening and item.readings.filter(annotator=user, review__isnull=False).exists():
        raise Conflict("You have ended this reading before; it counts as it was.")
    review = review_submit(run=item.run, user=user, leaf=item.leaf, **ending)
    reading, _ = ItemReading.objects.update_or_create(item=item, annotator=user, defaults={"review": review})
    _release(item.pk)
    return reading


@transaction.atomic
def item_skip(*, item: QueueItem, user: User) -> None:
    """Give an item back unread, as the queue's policy allows.

    Raises:
        Conflict: the queue lets nobody skip, is closed, or somebody else holds the item by now.
        Forbidden: not one of the queue's annotators.
    """
    if item.queue.skipping == Skipping.FORBIDDEN:
        raise Conflict("This queue lets nobody skip. Mark what you can, or give up on the path (g).")
    if item.screening:
        raise Conflict("Everybody reads this path. Mark what you can, or give up on it (g).")
    _may_label(item.queue, user)
    _lock(item, user)
    ItemReading.objects.get_or_create(item=item, annotator=user)
    _release(item.pk)


def _may_label(queue: LabelQueue, user: User) -> None:
    if queue.closed_at is not None:
        raise Conflict("This queue is closed. What was labelled is kept; ask an editor of the team to open it again.")
    people = set(queue.annotators.values_list("pk", flat=True))
    if people and user.pk not in people:
        raise Forbidden("This queue is assigned to others. Ask an editor of the team to add you.")


def _lock(item: QueueItem, user: User) -> None:
    """The item's row, for this transaction; nobody else may hold it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT held_by_id IS DISTINCT FROM %s AND held_until >= clock_timestamp() "
            "FROM annotation_queueitem WHERE id = %s FOR UPDATE",
            (user.pk, item.pk),
        )
        if cursor.fetchone()[0]:
            raise _taken()


def _release(item_id: UUID) -> None:
    QueueItem.objects.filter(pk=item_id).update(held_by=None, held_until=None)


def _taken() -> Conflict:
    return Conflict("Your lock ran out and somebody else has this path now. Your marks are kept; take the next one.")
