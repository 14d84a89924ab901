"""Labels by exact truth: a step is right as long as the solution can still come right after it."""

from __future__ import annotations

from search.tree import Tree
from search.truth import Truth


def exact_ratings(tree: Tree, truth: Truth | None) -> dict[int, int]:
    """Node → 1 where the solution can still come right, −1 where it cannot; empty where no domain knows.

    What the search has verified is taken from the tree, the rest is asked of the domain. A step halted in mid-step has
    no truth of its own and is left out.
    """
    if truth is None or not truth.judges_partial:
        return {}
    ratings: dict[int, int] = {}
    for node in tree.nodes[1:]:
        if node.mid_step or (node.dead and node.reachable is None):
            continue
        reachable = node.reachable
        if reachable is None:
            assert truth.domain is not None
            reachable = truth.domain.reachable(truth.problem, tree.steps(node))
        ratings[node.index] = 1 if reachable else -1
    return ratings
