"""Votes over finished solutions, grouped by their canonical answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from search.gate import Answer
from search.tree import Node


@dataclass(slots=True)
class Ballot:
    """One answer's votes. `first` was seen first; `best` speaks for the answer (`ballots` says by what it is best)."""

    answer: str
    first: Node
    best: Node
    best_by: float
    weight: float = 0.0
    count: int = 0
    voters: list[Node] = field(default_factory=list)

    def add(self, node: Node, weight: float, speaks: float) -> None:
        """One more vote for this answer; the voter that `speaks` loudest, of equals the first, speaks for it."""
        self.weight += weight
        self.count += 1
        self.voters.append(node)
        if speaks > self.best_by:
            self.best, self.best_by = node, speaks


def ballots(
    candidates: Sequence[Node], weights: Sequence[float], speaks: Sequence[float] | None = None
) -> list[Ballot]:
    """One ballot per canonical answer, in the order the answers were first seen.

    The path that speaks for an answer has the highest of `speaks` (by default the driving rewards) among its voters.
    A solution in which the verifier found no answer has no vote. Where no verifier read any answer, the last step's
    text stands for it.
    """
    read = any(node.canonical is not None for node in candidates)
    voices = [node.reward or 0.0 for node in candidates] if speaks is None else speaks
    found: dict[str, Ballot] = {}
    for node, weight, voice in zip(candidates, weights, voices, strict=True):
        key = node.canonical if read else node.step.strip()
        if key is not None:
            shown = node.answer if node.answer is not None else key
            found.setdefault(key, Ballot(shown, node, node, voice)).add(node, weight, voice)
    return list(found.values())


def elect(ranked: Sequence[Ballot], rule: str) -> Answer:
    """The answer of the first ballot, with the whole table."""
    table: list[list[Any]] = [[ballot.answer, ballot.weight, ballot.count] for ballot in ranked]
    return Answer(ranked[0].best.index if ranked else None, rule, table)
