"""From nodes and a person's cuts to the steps that this person sees and marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.annotation.models import StepCut

BETWEEN = "\n"
"""What stands between two nodes that are one step: steps are lines of a solution."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a node's text up to character `end`, with its own mark."""

    end: int
    rating: int | None
    unsure: bool = False

    @property
    def judged(self) -> int | None:
        """The rating that counts: unsure is none."""
        return None if self.unsure else self.rating


@dataclass(frozen=True, slots=True)
class Cut:
    """As `StepCut`: whether it goes on with the step before, and its parts (none where it is one)."""

    joined: bool = False
    parts: tuple[Part, ...] = field(default=())


Cuts = Mapping[int, Cut]


def cuts_of(annotator_id: int | None, run_id: UUID, nodes: Iterable[int] | None = None) -> dict[int, Cut]:
    """The current cuts of one person in a run, or of some nodes of it."""
    if annotator_id is None:
        return {}
    rows = StepCut.objects.filter(run=run_id, annotator=annotator_id, replaced_at__isnull=True)
    if nodes is not None:
        rows = rows.filter(node_index__in=list(nodes))
    return {node: as_cut(joined, parts) for node, joined, parts in rows.values_list("node_index", "joined", "parts")}


def as_cut(joined: bool, parts: Sequence[Mapping[str, Any]]) -> Cut:
    """Out of what is stored."""
    return Cut(joined, tuple(Part(part["end"], part["rating"], part["unsure"]) for part in parts))


def mark_of(parts: Sequence[Part]) -> tuple[int | None, bool]:
    """What a divided node is as a whole, rating and unsure: bad as soon as one part is, good if one moves on.

    Unmarked as long as a part is, unsure if somebody was of one.
    """
    ratings = [part.judged for part in parts]
    if -1 in ratings:
        return -1, False
    if any(part.rating is None and not part.unsure for part in parts):
        return None, False
    if any(part.unsure for part in parts):
        return None, True
    return (1 if 1 in ratings else 0), False


def with_joined(ratings: MutableMapping[int, Any], path: Sequence[int], cuts: Cuts) -> None:
    """A node that the next one goes on with needs no mark of its own: it takes that of the step, or good before bad."""
    for node, before in zip(reversed(path[1:]), reversed(path[:-1]), strict=True):
        cut = cuts.get(node)
        if cut is None or not cut.joined or ratings.get(before) is not None:
            continue
        first = cut.parts[0].judged if cut.parts else ratings.get(node)
        if first is not None:
            ratings[before] = max(first, 0) or (1 if first < 0 else 0)


def units_of(
    path: Sequence[int], text: Callable[[int], str], ratings: Mapping[int, int | None], cuts: Cuts
) -> list[tuple[str, int | None]]:
    """Text and rating of the steps along a path, as the person who cut them sees them."""
    units: list[tuple[str, int | None]] = []
    for node in path:
        cut = cuts.get(node, Cut())
        pieces = [(text(node), ratings.get(node))]
        if cut.parts:
            whole = text(node)
            before = len(whole) - cut.parts[-1].end  # of a step in several pieces of generation: those that came first
            ends = [part.end + before for part in cut.parts]
            spans = zip([0, *ends], ends, cut.parts, strict=False)
            pieces = [(whole[begin:end].strip(), part.judged) for begin, end, part in spans]
        if cut.joined and units:
            above, _ = units.pop()
            pieces[0] = (above + BETWEEN + pieces[0][0], pieces[0][1])
        units += pieces
    return units
