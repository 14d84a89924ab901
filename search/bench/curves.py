"""From rows to what a report shows: points of accuracy against cost, selection from pools, comparisons, failures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from search.bench.pool import Floats
from search.bench.pools import Pools
from search.bench.results import Row
from search.bench.statistics import (
    Estimate,
    bootstrap_mean,
    bootstrap_ratio,
    paired_difference,
    share,
)


@dataclass(frozen=True)
class Point:
    """One strategy at one budget on one problem set; costs are means per problem."""

    strategy: str
    budget: str
    accuracy: Estimate
    tokens: float
    reward_calls: float
    coverage: Estimate
    tokens_per_solved: Estimate
    failures: Counter[tuple[str, str]]


class Measured:
    """The rows of one problem set."""

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name = name
        self._cells: defaultdict[tuple[str, str], defaultdict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            self._cells[row["strategy"], row["budget"]][row["problem"]].append(row)

    @property
    def arms(self) -> list[tuple[str, str]]:
        """Every (strategy, budget) that has rows."""
        return list(self._cells)

    def rows(self, strategy: str, budget: str) -> dict[int, list[Row]]:
        """The rows of each problem, one for each seed."""
        return self._cells[strategy, budget]

    @cached_property
    def points(self) -> list[Point]:
        """One for each strategy and budget."""
        return [self._point(strategy, budget) for strategy, budget in self._cells]

    def _point(self, strategy: str, budget: str) -> Point:
        problems = list(self._cells[strategy, budget].values())
        rows = [row for some in problems for row in some]
        return Point(
            strategy,
            budget,
            _share(problems, "correct"),
            float(np.mean([row["tokens"] for row in rows])),
            float(np.mean([row["reward_calls"] for row in rows])),
            _share(problems, "covered"),
            bootstrap_ratio(
                [sum(row["tokens"] for row in some) for some in problems],
                [sum(row["correct"] for row in some) for some in problems],
                key="tokens per solved",
            ),
            Counter((row["failure"]["kind"], row["failure"].get("rule", "")) for row in rows if "failure" in row),
        )

    def solved(self, strategy: str, budget: str, problems: Sequence[int]) -> Floats:
        """Per problem the share of seeds that solved it."""
        cells = self._cells[strategy, budget]
        return np.array([np.mean([row["correct"] for row in cells[problem]]) for problem in problems])

    def common(self, *arms: tuple[str, str]) -> list[int]:
        """The problems that all of these have run."""
        return sorted(set.intersection(*(set(self._cells[arm]) for arm in arms)))

    def difference(self, one: tuple[str, str], other: tuple[str, str]) -> Estimate:
        """How much more `one` solves than `other`, on the problems both have run."""
        problems = self.common(one, other)
        return paired_difference(self.solved(*one, problems), self.solved(*other, problems))

    @cached_property
    def pools(self) -> list[Pools]:
        """Every strategy whose runs are pools of independent samples."""
        return [
            Pools(arm, cells)
            for arm, cells in self._cells.items()
            if all("pool" in r for c in cells.values() for r in c)
        ]


def by_set(plan: dict[str, Any], rows: Sequence[Row]) -> list[Measured]:
    """The rows of each problem set, in the plan's order."""
    return [Measured(name, mine) for name in (some["name"] for some in plan["sets"]) if (mine := _of_set(name, rows))]


def merged(name: str, sets: Sequence[Measured]) -> Measured:
    """Several sets as one, such as Countdown with 5 and with 6 numbers."""
    rows = []
    for number, some in enumerate(sets):
        for arm in some.arms:
            for problem, mine in some.rows(*arm).items():
                rows += [{**row, "problem": number * 10**6 + problem} for row in mine]
    return Measured(name, rows)


def _of_set(name: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["set"] == name]


def _share(problems: Sequence[Sequence[Row]], what: str) -> Estimate:
    """Wilson's interval where each problem was tried once; else the bootstrap over problems."""
    if all(len(some) == 1 for some in problems):
        return share(sum(some[0][what] for some in problems), len(problems))
    return bootstrap_mean([float(np.mean([row[what] for row in some])) for some in problems])
