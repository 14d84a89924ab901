"""What particle methods share: a step of the whole population, and the answer its weights give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from search.algorithms.base import best
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree
from search.voting import ballots, elect

Final = Literal["argmax", "weighted_vote"]


async def propagate(search: Search, particles: Sequence[Node], n: int, *, score: bool = True) -> list[Node]:
    """`n` next steps of every particle that goes on, scored; the finished stay, and what was cut off is lost."""
    children = await search.expand([node for node in particles if node.expandable], n)
    if score:
        await search.score(children)
    arrived = [node for node in particles if not node.expandable] + children
    return [node for node in arrived if node.expandable or node.solved]


def weighted_answer(tree: Tree, final: Final) -> Answer:
    """The finished particle of highest weight, or the answer of highest summed weight."""
    candidates = tree.candidates()
    weights = [node.weight for node in candidates]
    if final == "argmax":
        return best(candidates, weights, "highest weight")
    counted = ballots(candidates, [weight or 0.0 for weight in weights])
    counted.sort(key=lambda ballot: -round(ballot.weight, 9))
    return elect(counted, "weighted vote")
