"""Shortest majority vote: an answer found in few words counts more.

"Revisiting the Test-Time Scaling of o1-like Models: Do they Truly Possess Test-Time Scaling Capabilities?" (Zeng et
al., 2025) finds right solutions shorter than wrong ones: votes are divided by the logarithm of their mean length.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import sample_paths, show
from search.gate import Answer
from search.search import Search
from search.selection.majority import shortest_majority
from search.tree import Tree


class ShortestMajorityParams(Params):
    """How many vote."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class ShortestMajority(Algorithm[ShortestMajorityParams]):
    """N paths; votes divided by log length."""

    name = "shortest_majority"
    family = "sampling"
    title = "Shortest majority vote"
    paper = "Revisiting the Test-Time Scaling of o1-like Models: Do they Truly Possess Test-Time Scaling Capabilities?"
    summary = (
        "Samples N whole solutions; each answer's votes are divided by the logarithm of its solutions' mean length in"
        " tokens, so that of two answers with as many votes the one found in fewer words wins. Needs no reward."
    )
    needs_reward = False

    @classmethod
    def params_type(cls) -> type[ShortestMajorityParams]:
        """See `ShortestMajorityParams`."""
        return ShortestMajorityParams

    async def run(self, search: Search) -> None:
        """Sample, and show lengths and votes. A reward, if there is one, scores the paths for the eye."""
        await sample_paths(search, self.params.n, self.params.max_steps, score=search.has_reward)
        show(search, shortest_majority(search.tree))

    def answer(self, tree: Tree) -> Answer:
        """Most votes per log token."""
        return shortest_majority(tree).answer
