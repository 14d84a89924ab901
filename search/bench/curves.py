"""From rows to what a report shows: points of accuracy against cost, selection from pools, comparisons, failures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.bench.pool import RULES, Flags, Floats, Orders, Sample
from search.bench.results import Row
from search.bench.statistics import (
    Estimate,
    bootstrap_mean,
    bootstrap_ratio,
    paired_difference,
    share,
)
from search.coverage import pass_at_k

ORDERS = 24
"""Random orders each pool is read in."""


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


class Pools:
    """The pools of one strategy, one per problem (seeds are put together), all rules over them."""

    def __init__(self, arm: tuple[str, str], cells: dict[int, list[Row]]) -> None:
        self.arm = arm
        self.problems = sorted(cells)
        self._samples = [[Sample.of(one) for row in cells[p] for one in row["pool"]] for p in self.problems]
        self.size = min(map(len, self._samples))
        self._known: dict[tuple[str, int], Estimate] = {}
        self._orders = [Orders.of(s, ORDERS, number) for number, s in zip(self.problems, self._samples, strict=True)]

    @property
    def samples(self) -> list[list[Sample]]:
        """The samples of each problem, in the order of `problems`."""
        return self._samples

    @property
    def sizes(self) -> list[int]:
        """The n at which curves are read: powers of two, and all."""
        return sorted({*(2**i for i in range(self.size.bit_length())), self.size})

    @cached_property
    def _selected(self) -> dict[str, list[Flags]]:
        return {rule: [select(orders) for orders in self._orders] for rule, select in RULES.items()}

    @cached_property
    def mean_tokens(self) -> float:
        """Tokens of one sample, over all problems."""
        return float(np.mean([sample.tokens for some in self._samples for sample in some]))

    def per_problem(self, rule: str, n: int) -> Floats:
        """The chance that the rule selects right from n samples, for each problem."""
        return np.array([flags[:, n - 1].mean() for flags in self._selected[rule]])

    def accuracy(self, rule: str, n: int) -> Estimate:
        """Its mean over the problems."""
        return self._estimated((rule, n), lambda: bootstrap_mean(self.per_problem(rule, n)))

    def coverage(self, k: int) -> Estimate:
        """pass@k, unbiased."""
        return self._estimated(
            ("coverage", k),
            lambda: bootstrap_mean([pass_at_k(len(some), sum(s.correct for s in some), k) for some in self._samples]),
        )

    def _estimated(self, what: tuple[str, int], estimate: Callable[[], Estimate]) -> Estimate:
        """Worked out once: two themes of a chart, the text and the gates ask for the same."""
        if what not in self._known:
            self._known[what] = estimate()
        return self._known[what]

    def reward_calls(self, rule: str, n: int) -> float:
        """Reward passes a rule needs for n samples: one for each finished one, none where no reward is asked."""
        if rule == "majority":
            return 0.0
        return n * float(np.mean([sample.finished for some in self._samples for sample in some]))

    def at_tokens(self, rule: str, budgets: dict[int, float]) -> tuple[Floats, Floats]:
        """Per problem of `budgets`: the chance to be right, and the tokens spent, when samples are drawn until at least
        that many tokens are spent. Sampling never gets less than the budget; where the pool is too small, all of it.
        """
        right, spent = [], []
        for problem, tokens in budgets.items():
            at = self.problems.index(problem)
            cost = self._orders[at].tokens
            last = np.minimum((cost < tokens).sum(axis=1), cost.shape[1] - 1)
            rows = np.arange(len(cost))
            right.append(self._selected[rule][at][rows, last].mean())
            spent.append(cost[rows, last].mean())
        return np.array(right), np.array(spent)

    def exhausted(self, budgets: dict[int, float]) -> float:
        """The share of problems whose pool holds fewer tokens than the budget."""
        totals = {p: sum(s.tokens for s in some) for p, some in zip(self.problems, self._samples, strict=True)}
        return float(np.mean([totals[problem] < tokens for problem, tokens in budgets.items()]))

    def scored_steps(self) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        """Per problem the reward and the exact truth of every step that leaves something to decide."""
        found = []
        for some in self._samples:
            pairs = [
                pair
                for sample in some
                if len(sample.scores) == len(sample.reachable)
                for pair in zip(sample.scores, sample.reachable, strict=True)
                if pair[1] is not None
            ]
            found.append(
                (np.array([score for score, _ in pairs]), np.array([bool(t) for _, t in pairs], dtype=np.bool_))
            )
        return found


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
