"""Putting candidates in order by a score, the same way everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from search.gate import Answer
from search.tree import Node


def ranked(candidates: Sequence[Node], scores: Sequence[float | None]) -> list[tuple[Node, float | None]]:
    """Highest score first, candidates without one last; ties (to 9 decimals, as replay compares): the first."""
    pairs = list(zip(candidates, scores, strict=True))
    return sorted(pairs, key=lambda pair: (pair[1] is None, -round(pair[1] or 0.0, 9), pair[0].index))


def best(candidates: Sequence[Node], scores: Sequence[float | None], rule: str) -> Answer:
    """The first of the ranked candidates; no answer without candidates."""
    order = ranked(candidates, scores)
    return Answer(order[0][0].index if order else None, rule)
