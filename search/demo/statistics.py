"""Shares and ranks with 95 % intervals, without a statistics package."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Figure = dict[str, float | int | list[float]]
"""A value, its 95 % interval and the count behind it, ready for JSON."""


def wilson(successes: int, trials: int) -> Figure:
    """A share with Wilson's score interval."""
    z = 1.959964
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    return _figure(share, middle - half, middle + half, trials)


def bootstrap(
    groups: Sequence[Sequence[tuple[float, bool]]], of: Callable[[list[tuple[float, bool]]], float]
) -> Figure:
    """A statistic of (score, truth) pairs; the interval resamples whole groups (problems), 300 times, seed 0."""
    rng = random.Random(0)
    value = of([pair for group in groups for pair in group])
    draws = sorted(of([p for group in rng.choices(groups, k=len(groups)) for p in group]) for _ in range(300))
    return _figure(value, draws[7], draws[292], len(groups))


def mean_truth(pairs: list[tuple[float, bool]]) -> float:
    """The share of true pairs."""
    return sum(truth for _, truth in pairs) / len(pairs)


def area_under_curve(pairs: list[tuple[float, bool]]) -> float:
    """P(a true one scores above a false one), ties counted half; nan if all are alike."""
    ordered = sorted(pairs)
    positives = sum(truth for _, truth in ordered)
    negatives = len(ordered) - positives
    if not positives or not negatives:
        return float("nan")
    rank_sum, start = 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        # Equal scores share the mean of their ranks (1-based).
        rank_sum += (start + 1 + end) / 2 * sum(truth for _, truth in ordered[start:end])
        start = end
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def _figure(value: float, low: float, high: float, count: int) -> Figure:
    return {"value": round(value, 4), "interval95": [round(low, 4), round(high, 4)], "count": count}
