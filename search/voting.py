"""Votes over finished solutions, grouped by their canonical answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.gate import Answer
from search.tree import Node


@dataclass(slots=True)
class Ballot:
    """One answer's votes. `first` was seen first, `best` has the highest reward of those who gave it."""

    answer: str
    first: Node
    best: Node
    weight: float = 0.0
    count: int = 0

    def add(self, node: Node, weight: float) -> None:
        """One more vote for this answer."""
        self.weight += weight
        self.count += 1
        if (node.reward or 0.0) > (self.best.reward or 0.0):
            self.best = node


def ballots(candidates: Sequence[Node], weights: Sequence[float]) -> list[Ballot]:
    """One ballot per canonical answer, in the order the answers were first seen.

    A solution in which the verifier found no answer has no vote. Where no verifier read any answer, the last step's
    text stands for it.
    """
    read = any(node.canonical is not None for node in candidates)
    found: dict[str, Ballot] = {}
    for node, weight in zip(candidates, weights, strict=True):
        key = node.canonical if read else node.text.strip()
        if key is not None:
            shown = node.answer if node.answer is not None else key
            found.setdefault(key, Ballot(shown, node, node)).add(node, weight)
    return list(found.values())


def elect(ranked: Sequence[Ballot], rule: str) -> Answer:
    """The answer of the first ballot, with the whole table."""
    table: list[list[Any]] = [[ballot.answer, ballot.weight, ballot.count] for ballot in ranked]
    return Answer(ranked[0].best.index if ranked else None, rule, table)
