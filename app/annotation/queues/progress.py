"""How far a queue is, and how its annotators do."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any
from uuid import UUID

from django.db import connection

from app.annotation.models import ItemReading, LabelQueue, Outcome
from app.annotation.queues.gold import truth_upto_error
from app.annotation.queues.screening import marks_of, standing_after
from app.annotation.review.paths import first_error

_COUNTS = """
SELECT i.queue_id,
    count(*) FILTER (WHERE i.truth IS NULL),
    count(*) FILTER (WHERE i.truth IS NULL AND r.done >= q.labels_per_item),
    count(*) FILTER (WHERE i.truth IS NOT NULL),
    count(*) FILTER (WHERE i.held_until >= clock_timestamp()),
    sum(r.done)::int, sum(r.mine)::int,
    count(*) FILTER (
        WHERE r.touched = 0 AND (i.truth IS NOT NULL OR r.done < q.labels_per_item)
        AND (i.held_until IS NULL OR i.held_until < clock_timestamp() OR i.held_by_id = %(user)s)
    )
FROM annotation_queueitem i JOIN annotation_labelqueue q ON q.id = i.queue_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE v.outcome <> 'give_up') AS done,
        count(*) FILTER (WHERE d.annotator_id = %(user)s AND v.id IS NOT NULL) AS mine,
        count(*) FILTER (WHERE d.annotator_id = %(user)s AND (v.id IS NOT NULL OR q.skipping <> 'later')) AS touched
    FROM annotation_itemreading d LEFT JOIN annotation_pathreview v ON v.id = d.review_id WHERE d.item_id = i.id
) r
WHERE i.queue_id = ANY(%(queues)s) GROUP BY i.queue_id
"""
NAMES = ("items", "done", "gold", "held", "readings", "mine", "left")


def queue_counts(queues: Iterable[LabelQueue], user_id: int) -> dict[UUID, dict[str, int]]:
    """Per queue: `items` (gold apart), how many of them are `done`, `gold`, `held` now, `readings` in all, `mine`, and
    how many are `left` for this person to take now."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"queues": [queue.pk for queue in queues], "user": user_id})
        return {row[0]: dict(zip(NAMES, row[1:], strict=True)) for row in cursor.fetchall()}


def annotator_progress(queue: LabelQueue) -> list[dict[str, Any]]:
    """Per annotator: readings by outcome, skips, seconds per item (median), how they did on gold and in screening."""
    readings = (
        ItemReading.objects.filter(item__queue=queue).select_related("item", "annotator", "review").order_by("pk")
    )
    by_name: dict[str, list[ItemReading]] = {}
    for reading in readings:
        by_name.setdefault(reading.annotator.username, []).append(reading)
    return [{"annotator": name, **_summary(queue, own)} for name, own in sorted(by_name.items())]


def _summary(queue: LabelQueue, readings: list[ItemReading]) -> dict[str, Any]:
    screened = standing_after(queue, [reading for reading in readings if reading.review and reading.item.screening])
    reviews = [reading.review for reading in readings if reading.review]
    return {
        "readings": len(reviews),
        "skipped": len(readings) - len(reviews),
        "outcomes": {outcome: sum(r.outcome == outcome for r in reviews) for outcome in Outcome.values},
        "seconds": round(median(review.seconds for review in reviews), 1) if reviews else None,
        "screening": {"read": screened.read, "passed": screened.passed} if queue.screening else None,
        "gold": _gold([reading for reading in readings if reading.review and reading.item.truth is not None]),
    }


def _gold(readings: list[ItemReading]) -> dict[str, Any] | None:
    """On the gold items read: `steps` judged by the truth, how many `right`, and first errors found of `paths`.

    A step left unmarked or unsure is not right; steps behind the first error do not count.
    """
    if not readings:
        return None
    steps = right = found = 0
    for reading in readings:
        truth = {int(node): rating for node, rating in (reading.item.truth or {}).items()}
        marks = marks_of(reading)
        steps += len(truth)
        right += sum(marks.get(node) == rating for node, rating in truth.items())
        own = truth_upto_error(marks, reading.item.path)
        path = reading.item.path
        found += own is not None and first_error(dict(own), path) == _place(truth, path)
    return {"paths": len(readings), "first_errors": found, "steps": steps, "right": right, "accuracy": right / steps}


def _place(truth: dict[int, int], path: list[int]) -> int:
    """Where the truth has its first error, −1 for none: it ends there."""
    return next((place for place, node in enumerate(path) if truth.get(node, 0) < 0), -1)
