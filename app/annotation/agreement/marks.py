"""What each annotator said about each path of a queue, as the measures and the adjudicator need it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from app.annotation.cuts.units import Cut, as_cut, with_joined
from app.annotation.models import (
    ItemReading,
    LabelQueue,
    Outcome,
    QueueItem,
    SiblingPreference,
    StepCut,
    StepLabel,
    Verdict,
)
from app.annotation.queues.screening import passed
from app.annotation.review.paths import first_error

ADJUDICATED = "adjudicated"
"""The `model` of a human label that settles a disagreement: it stands beside its author's own mark."""


@dataclass(slots=True)
class ReadItem:
    """An item that somebody has read: per annotator the current ratings on its path (unsure and unmarked left out)."""

    item: QueueItem
    marks: dict[str, dict[int, int]] = field(default_factory=dict)
    adjudicated: dict[int, int] = field(default_factory=dict)
    cuts: dict[str, dict[int, Cut]] = field(default_factory=dict)

    @property
    def disputed(self) -> list[int]:
        """Nodes that two people rate differently."""
        seen: dict[int, set[int]] = {}
        for ratings in self.marks.values():
            for node, rating in ratings.items():
                seen.setdefault(node, set()).add(rating)
        return [node for node in self.item.path if len(seen.get(node, ())) > 1]


def read_items(queue: LabelQueue) -> list[ReadItem]:
    """The items that were read to their end (neither given up nor called a bad problem), in the queue's order.

    Where the queue screens its annotators, only readings of those who passed count.
    """
    readings = (
        ItemReading.objects.filter(item__queue=queue, review__outcome__in=[Outcome.SOLUTION, Outcome.FOUND_ERROR])
        .select_related("item__run__problem", "annotator")
        .order_by("item__place", "annotator__username")
    )
    counted = passed(queue)
    if counted is not None:
        readings = readings.filter(annotator__in=counted)
    found: dict[Any, ReadItem] = {}
    for reading in readings:
        read = found.setdefault(reading.item_id, ReadItem(reading.item))
        read.marks[reading.annotator.username] = {}
    _fill(list(found.values()))
    _fill_cuts(list(found.values()))
    return list(found.values())


def step_codes(items: list[ReadItem]) -> dict[str, dict[Hashable, int]]:
    """Annotator → (run, node) → rating; a step that several paths share counts once."""
    codes: dict[str, dict[Hashable, int]] = {}
    for read in items:
        for name, ratings in read.marks.items():
            for node, rating in ratings.items():
                codes.setdefault(name, {})[(read.item.run_id, node)] = rating
    return codes


def first_error_codes(items: list[ReadItem]) -> dict[str, dict[Hashable, int]]:
    """Annotator → item → place of the first error (−1 none); a path whose marks do not say it is left out."""
    codes: dict[str, dict[Hashable, int]] = {}
    for read in items:
        for name, given in read.marks.items():
            ratings: dict[int, int | None] = dict(given)
            with_joined(ratings, read.item.path, read.cuts.get(name, {}))
            place = first_error(ratings, read.item.path)
            if place is not None:
                codes.setdefault(name, {})[read.item.pk] = place
    return codes


PREFERRED = {Verdict.FIRST.value: -1, Verdict.TIE.value: 0, Verdict.SECOND.value: 1}


def preference_codes(items: list[ReadItem]) -> dict[str, dict[Hashable, int]]:
    """Annotator → (run, first, second) → −1 the first is better, 1 the second, 0 neither; unsure is missing.

    A pair counts for those who have read a path with one of the two on it.
    """
    nodes: dict[tuple[Any, str], set[int]] = {}
    for read in items:
        for name in read.marks:
            nodes.setdefault((read.item.run_id, name), set()).update(read.item.path)
    rows = SiblingPreference.objects.filter(
        run__in={read.item.run_id for read in items}, source=StepLabel.Source.HUMAN, model="",
        replaced_at__isnull=True, verdict__in=PREFERRED,
    ).values_list("run", "first", "second", "annotator__username", "verdict")  # fmt: skip
    codes: dict[str, dict[Hashable, int]] = {}
    for run, first, second, name, verdict in rows:
        if nodes.get((run, str(name)), set()) & {first, second}:
            codes.setdefault(str(name), {})[(run, first, second)] = PREFERRED[verdict]
    return codes


def _fill(items: list[ReadItem]) -> None:
    by_run: dict[Any, list[ReadItem]] = {}
    for read in items:
        by_run.setdefault(read.item.run_id, []).append(read)
    labels = StepLabel.objects.filter(
        run__in=by_run, source=StepLabel.Source.HUMAN, replaced_at__isnull=True, rating__isnull=False, unsure=False,
        model__in=["", ADJUDICATED],
    ).values_list("run", "node_index", "annotator__username", "model", "rating")  # fmt: skip
    said: dict[tuple[Any, int], list[tuple[str, str, int]]] = {}
    for run, node, name, model, rating in labels:
        said.setdefault((run, node), []).append((str(name), model, int(rating or 0)))
    for read in items:
        for node in read.item.path:
            for name, model, rating in said.get((read.item.run_id, node), ()):
                if model == ADJUDICATED:
                    read.adjudicated[node] = rating
                elif name in read.marks:
                    read.marks[name][node] = rating


def _fill_cuts(items: list[ReadItem]) -> None:
    rows = StepCut.objects.filter(run__in={read.item.run_id for read in items}, replaced_at__isnull=True).values_list(
        "run", "annotator__username", "node_index", "joined", "parts"
    )
    found: dict[tuple[Any, str], dict[int, Cut]] = {}
    for run, name, node, joined, parts in rows:
        found.setdefault((run, str(name)), {})[node] = as_cut(joined, parts)
    for read in items:
        read.cuts = {name: found.get((read.item.run_id, name), {}) for name in read.marks}
