"""Shares, differences and coverage with 95 % intervals. Every random draw is counter-based: same rows, same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.chart_series import wilson
from search.coverage import pass_at_k as pass_at_k
from search.randomness import uniforms

Floats = NDArray[np.float64]

RESAMPLES = 4000
_AT_ONCE = 2_000_000
"""Numbers drawn at a time: resamples × problems may not fit in memory at once."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval and the number of problems behind it."""

    value: float
    low: float
    high: float
    count: int

    @property
    def excludes_zero(self) -> bool:
        """True if the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


def share(successes: int, trials: int) -> Estimate:
    """A share of independent trials, with Wilson's interval."""
    low, high = wilson(successes, trials)
    return Estimate(successes / trials, low, high, trials)


def bootstrap_mean(values: Sequence[float] | Floats, *, key: str = "mean") -> Estimate:
    """The mean over problems; problems are resampled with replacement, percentile interval.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993).
    """
    return bootstrap_ratio(values, np.ones(len(values)), key=key)


def bootstrap_ratio(above: Sequence[float] | Floats, below: Sequence[float] | Floats, *, key: str) -> Estimate:
    """Σ above / Σ below, each problem resampled with both of its numbers; inf where nothing is below."""
    numerators, denominators = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    draws = np.concatenate([_ratio(numerators[i], denominators[i]) for i in _resamples(len(numerators), key)])
    low, high = percentile(draws, 0.025), percentile(draws, 0.975)
    value = float(_ratio(numerators[None, :], denominators[None, :])[0])
    return Estimate(value, low, high, len(numerators))


def paired_difference(one: Sequence[float] | Floats, other: Sequence[float] | Floats) -> Estimate:
    """Mean of `one` − `other` on the same problems, in the same order; problems are resampled as pairs."""
    if len(one) != len(other):
        raise ValueError(f"paired values must come from the same problems: {len(one)} against {len(other)}")
    return bootstrap_mean(np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64), key="difference")


def bootstrap_statistic(groups: int, of: Callable[[NDArray[np.int64]], float], *, key: str, resamples: int) -> Estimate:
    """Any statistic of problems: `of` gets the indices of the problems drawn. nan draws are left out."""
    value = of(np.arange(groups))
    draws = np.array([of(row) for block in _resamples(groups, key, resamples) for row in block])
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Estimate(value, math.nan, math.nan, groups)
    return Estimate(value, percentile(known, 0.025), percentile(known, 0.975), groups)


def area_under_curve(scores: Floats, truths: NDArray[np.bool_]) -> float:
    """P(a true one scores above a false one), ties half: the Mann–Whitney statistic; nan if all are alike."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    if not positives or not negatives:
        return math.nan
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[place][truths].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the (cost, accuracy) points that no other beats in both, cheapest first."""
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if not front or points[index][1] > points[front[-1]][1]:
            front.append(index)
    return front


def percentile(draws: Floats, share_below: float) -> float:
    """The order statistic nearest to that share; nothing is interpolated, for a ratio's draws may be infinite."""
    return float(np.quantile(draws, share_below, method="nearest"))


def _resamples(problems: int, key: str, resamples: int = RESAMPLES) -> list[NDArray[np.int64]]:
    """Index blocks of shape (some, problems) that make up all resamples."""
    if not problems:
        raise ValueError("there are no problems to resample")
    rows = max(1, _AT_ONCE // problems)
    blocks = []
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        drawn = uniforms(0, "bootstrap", key, start, count=count * problems)
        blocks.append((drawn * problems).astype(np.int64).reshape(count, problems))
    return blocks


def _ratio(numerators: Floats, denominators: Floats) -> Floats:
    totals = denominators.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(totals > 0, numerators.sum(axis=-1) / totals, np.inf)
