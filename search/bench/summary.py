"""What a page shows of one problem set: points with intervals, paired differences and charts, as plain JSON."""

from __future__ import annotations

import math
from typing import Any

from search.bench.curves import Measured, Point
from search.bench.figures import charts_of
from search.bench.statistics import Estimate, pareto_front


def summary_of(measured: Measured) -> dict[str, Any]:
    """`{name, points, differences, charts: {light, dark}}`.

    A difference is how much more `one` solves than `other` at the same budget, on the problems that both have run.
    """
    front = {id(measured.points[i]) for i in pareto_front([(p.tokens, p.accuracy.value) for p in measured.points])}
    return {
        "name": measured.name,
        "points": [_point(measured, point, id(point) in front) for point in measured.points],
        "differences": _differences(measured),
        "charts": {theme: [chart.as_json() for chart in charts_of(measured, theme)] for theme in ("light", "dark")},
    }


def _point(measured: Measured, point: Point, on_front: bool) -> dict[str, Any]:
    return {
        "strategy": point.strategy,
        "budget": point.budget,
        "runs": sum(map(len, measured.rows(point.strategy, point.budget).values())),
        "accuracy": estimate_json(point.accuracy),
        "coverage": estimate_json(point.coverage),
        "tokens": point.tokens,
        "reward_calls": point.reward_calls,
        "tokens_per_solved": estimate_json(point.tokens_per_solved),
        "on_front": on_front,
        "failures": [{"kind": kind, "rule": rule, "count": n} for (kind, rule), n in sorted(point.failures.items())],
    }


def _differences(measured: Measured) -> list[dict[str, Any]]:
    arms = measured.arms
    return [
        {"one": one[0], "other": other[0], "budget": one[1], **estimate_json(measured.difference(one, other))}
        for one in arms
        for other in arms
        if one != other and one[1] == other[1] and measured.common(one, other)
    ]


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """`{value, low, high, count}`; what is not finite (tokens per solved problem where none was solved) is null."""
    numbers = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: n if math.isfinite(n) else None for name, n in numbers.items()} | {"count": estimate.count}
