"""The answer that most paths agree on, and its variants that weigh the votes."""

from __future__ import annotations

import math

from search.aggregation import Aggregation, path_reward
from search.paths import path_tokens
from search.ranking import ranked
from search.selection.base import Selection
from search.tree import Tree
from search.voting import ballots, elect


def majority(tree: Tree) -> Selection:
    """Most votes; ties to the higher summed reward, then to the answer seen first.

    "Self-Consistency Improves Chain of Thought Reasoning in Language Models" (Wang et al., 2022).
    """
    candidates = tree.candidates()
    counted = ballots(candidates, [node.reward or 0.0 for node in candidates])
    counted.sort(key=lambda ballot: (-ballot.count, -round(ballot.weight, 9)))
    return Selection(elect(counted, "majority"), ranked(candidates, [node.reward for node in candidates]))


def weighted_majority(tree: Tree, aggregation: Aggregation = "last") -> Selection:
    """The highest sum of path rewards; ties to the answer seen first. A path without a score weighs nothing.

    "Making Large Language Models Better Reasoners with Step-Aware Verifier" (Li et al., 2022).
    """
    candidates = tree.candidates()
    scores = [path_reward(tree, node, aggregation) for node in candidates]
    weights = [score or 0.0 for score in scores]
    counted = ballots(candidates, weights, speaks=weights)
    counted.sort(key=lambda ballot: -round(ballot.weight, 9))
    return Selection(elect(counted, f"weighted majority by {aggregation}"), ranked(candidates, scores))


def shortest_majority(tree: Tree) -> Selection:
    """An answer's votes divided by the natural logarithm of their mean length in tokens; ties to the first seen.

    "Revisiting the Test-Time Scaling of o1-like Models: Do they Truly Possess Test-Time Scaling Capabilities?" (Zeng et
    al., 2025). A mean below two tokens (a person's own steps have none) counts as two: the logarithm would vanish. The
    shortest path speaks for its answer. `detail.ballots` has both factors.
    """
    candidates = tree.candidates()
    lengths = {node.index: path_tokens(tree, node) for node in candidates}
    shortness = [-float(lengths[node.index]) for node in candidates]
    counted = ballots(candidates, [0.0] * len(candidates), speaks=shortness)
    table = []
    for ballot in counted:
        mean_length = sum(lengths[node.index] for node in ballot.voters) / ballot.count
        ballot.weight = ballot.count / math.log(max(2.0, mean_length))
        table.append({"answer": ballot.answer, "votes": ballot.count, "mean_length": mean_length})
    counted.sort(key=lambda ballot: -round(ballot.weight, 9))
    order = [(node, -length if length is not None else None) for node, length in ranked(candidates, shortness)]
    return Selection(elect(counted, "shortest majority"), order, {"ballots": table})


def first_finished(tree: Tree, m: int = 3) -> Selection:
    """Most votes among the m paths that finished first; ties to the answer with the shortest path.

    "Don't Overthink it. Preferring Shorter Thinking Chains for Improved LLM Reasoning" (Hassid et al., 2025). "First"
    is fewest tokens, ties by index: decoded in lockstep, that is the order in which they end.
    """
    lengths = sorted((path_tokens(tree, node), node.index) for node in tree.candidates())[:m]
    winners = [(tree[index], float(length)) for length, index in lengths]
    counted = ballots([node for node, _ in winners], [1.0] * len(winners), speaks=[-length for _, length in winners])
    counted.sort(key=lambda ballot: (-ballot.count, -ballot.best_by))
    return Selection(elect(counted, f"majority of the first {m}"), [(node, length) for node, length in winners])
