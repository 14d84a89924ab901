"""The policy's own certainty as the judge: ranks become votes."""

from __future__ import annotations

from search.paths import path_certainty
from search.ranking import ranked
from search.selection.base import Selection
from search.tree import Tree
from search.voting import ballots, elect


def self_certainty(tree: Tree, power: float = 0.5) -> Selection:
    """Borda votes by the paths' certainty, the mean KL(uniform || p) over their tokens.

    "Scalable Best-of-N Selection for Large Language Models via Self-Certainty" (Kang et al., 2025): of N paths the one
    of rank r gives its answer (N - r + 1)^power votes. Power 0 is the majority vote; a large one leaves the choice to
    the most certain path. As in the authors' code a path in which no answer was found keeps its rank and casts no vote.
    A path without a certainty (a person wrote all of it) ranks last. Ties to the answer seen first.
    """
    candidates = tree.candidates()
    order = ranked(candidates, [path_certainty(tree, node) for node in candidates])
    votes = {node.index: float(len(order) - place) ** power for place, (node, _) in enumerate(order)}
    cast = [votes[node.index] for node in candidates]
    counted = ballots(candidates, cast, speaks=cast)
    counted.sort(key=lambda ballot: -round(ballot.weight, 9))
    return Selection(
        elect(counted, "borda votes by self-certainty"),
        order,
        {"power": power, "votes": [[node.index, votes[node.index]] for node, _ in order]},
    )
