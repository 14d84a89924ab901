"""What the engine itself costs per node, without a model: at 100,000 nodes, and against what it costs at 1,000."""

from __future__ import annotations

from statistics import median

from app.bench.figure import Figure
from search.engine_cost import SIZES, Cost, measure_cost

REPEATS = 5
"""Of the small trees, which are grown in a moment; the largest is grown once."""
PER_NODE_MS, GROWTH = 0.1, 2.0


def measure() -> list[Figure]:
    """Milliseconds for a node of the last tenth of the largest tree, and their ratio to those of the smallest."""
    measure_cost(SIZES[0])  # imports and caches
    costs = {size: _typical(size, 1 if size == SIZES[-1] else REPEATS) for size in SIZES}
    why = "CPU time, journal in memory, UCT as it is set by default; " + "; ".join(
        f"{size:,} nodes: {cost.at_size:.3f} ms a node there, {cost.average:.3f} ms over the whole run"
        for size, cost in costs.items()
    )
    small, large = costs[SIZES[0]].at_size, costs[SIZES[-1]].at_size
    return [
        Figure("search.ms_per_node_100k", round(large, 4), "ms", PER_NODE_MS, "lower", why),
        Figure("search.ms_per_node_growth", round(large / small, 2), "×", GROWTH, "lower", why),
    ]


def _typical(size: int, repeats: int) -> Cost:
    costs = [measure_cost(size) for _ in range(repeats)]
    return Cost(size, median(cost.average for cost in costs), median(cost.at_size for cost in costs))
