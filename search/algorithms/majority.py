"""Majority voting over sampled solutions.

"Self-Consistency Improves Chain of Thought Reasoning in Language Models" (Wang et al., 2022): the answer that most
paths agree on, whatever way they took to it.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import sample_paths
from search.gate import Answer
from search.search import Search
from search.selection.majority import majority
from search.tree import Tree


class MajorityParams(Params):
    """How many vote."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class Majority(Algorithm[MajorityParams]):
    """N paths; the commonest answer wins."""

    name = "majority"
    family = "sampling"
    title = "Majority vote"
    paper = "Self-Consistency Improves Chain of Thought Reasoning in Language Models"
    summary = "Samples N whole solutions; the answer most of them agree on wins. Needs no reward."
    needs_reward = False

    @classmethod
    def params_type(cls) -> type[MajorityParams]:
        """See `MajorityParams`."""
        return MajorityParams

    async def run(self, search: Search) -> None:
        """Sample; a reward, if there is one, breaks ties."""
        await sample_paths(search, self.params.n, self.params.max_steps, score=search.has_reward)

    def answer(self, tree: Tree) -> Answer:
        """Most votes; ties to the higher summed reward, then to the answer seen first."""
        return majority(tree).answer
