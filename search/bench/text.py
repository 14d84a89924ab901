"""The results as plain text for a terminal: one table per problem set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from search.bench.curves import Measured, Point, by_set
from search.bench.pool import RULES
from search.bench.pools import Pools
from search.bench.results import read_results
from search.bench.statistics import Estimate, pareto_front


def results_text(path: Path) -> str:
    """Accuracy, costs, coverage, the Pareto front, selection from every pool, failures.

    Raises:
        BadResults: the file cannot be read.
    """
    header, rows, changes = read_results(path)
    lines = [f"{path}: {len(rows)} runs, {header['plan']['split']} split, policy {weights(header['policy'])},"
             f" reward {weights(header['reward'])}"]  # fmt: skip
    if changes:
        lines.append(f"The engine's code changed {changes} times while these results were made.")
    for measured in by_set(header["plan"], rows):
        lines += ["", *_set(measured)]
    return "\n".join(lines)


def weights(model: dict[str, object] | None) -> str:
    """Slug and the beginning of the weights' hash."""
    if model is None:
        return "none"
    found = model.get("weights_sha256")
    return f"{model['slug']} {str(found)[:8]}" if found else str(model["slug"])


def percent(estimate: Estimate) -> str:
    """`42.0 % (35.4–48.9)`."""
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f}–{100 * estimate.high:.1f})"


def points(estimate: Estimate) -> str:
    """A difference in percentage points: `+4.2 (+1.0 to +7.4)`."""
    return f"{100 * estimate.value:+.1f} ({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns of equal width, the first one left-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    form = "  ".join(f"{{:{'<' if i == 0 else '>'}{width}}}" for i, width in enumerate(widths))
    return [form.format(*row).rstrip() for row in rows]


def _set(measured: Measured) -> list[str]:
    found = measured.points
    front = {id(found[i]) for i in pareto_front([(point.tokens, point.accuracy.value) for point in found])}
    head = [
        measured.name,
        "budget",
        "problems",
        "solved",
        "covered",
        "tokens",
        "reward passes",
        "tokens/solved",
        "front",
    ]
    lines = aligned([head, *(_point(point, id(point) in front) for point in found)])

    for pools in measured.pools:
        lines += ["", *_pools(pools)]
    return [*lines, "", *_failures(found)]


def _point(point: Point, on_front: bool) -> list[str]:
    return [
        point.strategy, point.budget, str(point.accuracy.count), percent(point.accuracy), percent(point.coverage),
        f"{point.tokens:,.0f}", f"{point.reward_calls:,.1f}", f"{point.tokens_per_solved.value:,.0f}",
        "*" if on_front else "",
    ]  # fmt: skip


def _pools(pools: Pools) -> list[str]:
    if pools.size < 2:
        return []
    sizes = pools.sizes
    rows = [[f"one pool of {pools.arm[0]}, selected from n =", *map(str, sizes)]]
    rows.append(["  coverage (pass@n)", *(f"{100 * pools.coverage(n).value:.1f}" for n in sizes)])
    for rule in RULES:
        rows.append([f"  {rule}", *(f"{100 * pools.per_problem(rule, n).mean():.1f}" for n in sizes)])
    return aligned(rows)


def _failures(found: Sequence[Point]) -> list[str]:
    kinds = sorted({kind for point in found for kind in point.failures})
    if not kinds:
        return []
    names = [f"{kind}{f' by {rule}' if rule else ''}" for kind, rule in kinds]
    return aligned([
        ["failures", "budget", *names],
        *([point.strategy, point.budget, *(str(point.failures[kind]) for kind in kinds)] for point in found),
    ])  # fmt: skip
