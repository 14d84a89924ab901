"""What a results file keeps of one finished run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from search.bench.cells import Cell
from search.bench.failures import failure_of
from search.bench.pool import decides, pool_of
from search.bench.results import Row
from search.events import Event
from search.run import Outcome
from search.tree import Node, Tree


def row_of(cell: Cell, outcome: Outcome, events: Sequence[Event], seconds: float) -> Row:
    """What is known of a cell's run. `seconds` is the time it was under way beside others: for orientation, not a
    measurement.
    """
    named = {
        "cell": cell.id,
        "set": cell.set,
        "problem": cell.problem,
        "strategy": cell.strategy,
        "budget": cell.budget,
        "seed": cell.seed,
        "text": cell.spec.problem.text,
    }
    return {**named, **facts_of(outcome, events), "seconds": round(seconds, 2)}


def facts_of(outcome: Outcome, events: Sequence[Event]) -> Row:
    """Answer, costs, coverage, failure, the pool if the run was one, and how the reward ranked siblings."""
    tree = outcome.tree
    counters = tree.counters
    row: dict[str, Any] = {
        "answer": outcome.answer,
        "correct": outcome.correct is True,
        "covered": any(node.finish == "end" and node.correct is True for node in tree.nodes),
        "stopped_by": outcome.cap or outcome.stopped_by,
        "tokens": counters.tokens,
        "prompt_tokens": counters.prompt_tokens,
        "policy_calls": counters.policy_calls,
        "reward_calls": counters.reward_calls,
        "nodes": len(tree),
    }
    if not row["correct"]:
        row["failure"] = failure_of(tree, events)
    if (pool := pool_of(tree)) is not None:
        row["pool"] = [sample.as_json() for sample in pool]
    row["siblings"] = list(sibling_pairs(tree))
    return row


def sibling_pairs(tree: Tree) -> tuple[float, int]:
    """(pairs the reward ranks rightly, all pairs) of different siblings of which one can still come right, one cannot.

    Only steps that leave something to decide. A tie is half right.
    """
    right, pairs = 0.0, 0
    below: defaultdict[int, dict[str, Node]] = defaultdict(dict)
    for node in tree.nodes[1:]:
        if node.reward is not None and node.reachable is not None and decides(node.text):
            below[node.parents[0]].setdefault(node.text, node)
    for siblings in below.values():
        good = [node.reward or 0.0 for node in siblings.values() if node.reachable]
        bad = [node.reward or 0.0 for node in siblings.values() if not node.reachable]
        right += sum(1.0 if one > other else 0.5 if one == other else 0.0 for one in good for other in bad)
        pairs += len(good) * len(bad)
    return right, pairs
