"""The path the reward likes best."""

from __future__ import annotations

from search.aggregation import Aggregation, path_reward
from search.ranking import best, ranked
from search.selection.base import Selection
from search.tree import Tree


def best_of_n(tree: Tree, aggregation: Aggregation = "last") -> Selection:
    """Highest path reward; ties to the first: "Training Verifiers to Solve Math Word Problems" (Cobbe et al., 2021)."""
    candidates = tree.candidates()
    scores = [path_reward(tree, node, aggregation) for node in candidates]
    return Selection(best(candidates, scores, f"best of n by {aggregation}"), ranked(candidates, scores))
