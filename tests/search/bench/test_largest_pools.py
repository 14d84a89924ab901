"""Which runs are drawn as pools of samples where a strategy was tried at several budgets."""

from __future__ import annotations

from typing import Any

from search.bench.curves import Measured
from search.bench.figures import largest_pools


def row(strategy: str, budget: str, samples: int | None) -> dict[str, Any]:
    """A run on problem 0; `samples` None: a tree that branched below its root."""
    pool = {} if samples is None else {"pool": [[10, True, "24", True, [0.5], [True]]] * samples}
    return {"strategy": strategy, "budget": budget, "problem": 0, "tokens": 10, "correct": True, **pool}


def test_the_fullest_pool_of_each_strategy_and_none_of_a_search_that_was_cut_short() -> None:
    rows = [
        row("sampling", "tokens=100", 2), row("sampling", "tokens=800", 8), row("beam", "tokens=100", 4),
        row("beam", "tokens=800", None), row("greedy", "tokens=100", 1),
    ]  # fmt: skip
    pools = largest_pools(Measured("countdown", rows))
    assert [(pool.arm, pool.size) for pool in pools] == [(("sampling", "tokens=800"), 8)]
