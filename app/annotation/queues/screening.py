"""Screening: who has read a queue's first gold items, and whether enough of their steps were right to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from app.annotation.cuts.units import cuts_of, with_joined
from app.annotation.models import ItemReading, LabelQueue, StepLabel
from app.teams.models import User


@dataclass(frozen=True, slots=True)
class Standing:
    """`read` screening items; of the steps that their truth judges, `accuracy` were right.

    `passed` is None as long as some are unread.
    """

    read: int
    accuracy: float
    passed: bool | None


def standing(queue: LabelQueue, user: User) -> Standing:
    """How one person stands; a queue without screening is passed by everybody."""
    if not queue.screening:
        return Standing(0, 1.0, True)
    readings = ItemReading.objects.filter(
        item__queue=queue, item__screening=True, annotator=user, review__isnull=False
    ).select_related("item", "review")
    return standing_after(queue, list(readings))


def standing_after(queue: LabelQueue, readings: Sequence[ItemReading]) -> Standing:
    """What one person's `readings` of screening items come to. A step that was given up on is not right."""
    steps = right = 0
    for reading in readings:
        truth = {int(node): rating for node, rating in (reading.item.truth or {}).items()}
        marks = marks_of(reading)
        steps += len(truth)
        right += sum(marks.get(node) == rating for node, rating in truth.items())
    accuracy = right / steps if steps else 1.0
    done = len(readings) >= queue.screening
    return Standing(len(readings), accuracy, accuracy >= queue.screening_pass if done else None)


def passed(queue: LabelQueue) -> set[int] | None:
    """The people whose readings count, by id; None for everybody."""
    if not queue.screening:
        return None
    people = User.objects.filter(pk__in=queue.items.values("readings__annotator"))
    return {person.pk for person in people if standing(queue, person).passed}


def marks_of(reading: ItemReading) -> dict[int, int]:
    """What its reader had marked on the path when the reading ended; later changes of mind do not count."""
    assert reading.review is not None
    ended = reading.review.created_at
    labels = StepLabel.objects.filter(
        Q(replaced_at__isnull=True) | Q(replaced_at__gt=ended), created_at__lte=ended, run=reading.item.run_id,
        node_index__in=reading.item.path, annotator=reading.annotator_id, source=StepLabel.Source.HUMAN, model="",
    ).values_list("node_index", "rating", "unsure")  # fmt: skip
    marks = {node: rating for node, rating, unsure in labels if rating is not None and not unsure}
    path = reading.item.path
    with_joined(marks, path, cuts_of(reading.annotator_id, reading.item.run_id, path))
    return marks
