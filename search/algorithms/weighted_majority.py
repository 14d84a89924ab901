"""Weighted majority voting: every sampled solution votes for its answer with its reward.

"Making Large Language Models Better Reasoners with Step-Aware Verifier" (Li et al., 2022) sums the verifier's scores
per answer; with a process reward the step scores are aggregated first, as in "Scaling LLM Test-Time Compute Optimally
can be More Effective than Scaling Model Parameters" (Snell et al., 2024), which calls it best-of-N weighted.
"""

from __future__ import annotations

from pydantic import Field

from search.aggregation import Aggregation
from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import sample_paths
from search.gate import Answer
from search.search import Search
from search.selection.majority import weighted_majority
from search.tree import Tree


class WeightedMajorityParams(Params):
    """How many vote, and with what weight."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    aggregation: Aggregation = Field(default="last", description="How step scores become a vote's weight.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class WeightedMajority(Algorithm[WeightedMajorityParams]):
    """N paths; the answer of highest summed reward wins."""

    name = "weighted_majority"
    family = "sampling"
    title = "Weighted majority vote"
    paper = "Making Large Language Models Better Reasoners with Step-Aware Verifier"
    summary = "Samples N whole solutions; each votes for its answer with its reward, and the heaviest answer wins."

    @classmethod
    def params_type(cls) -> type[WeightedMajorityParams]:
        """See `WeightedMajorityParams`."""
        return WeightedMajorityParams

    async def run(self, search: Search) -> None:
        """Sample and score."""
        await sample_paths(search, self.params.n, self.params.max_steps, score=True)

    def answer(self, tree: Tree) -> Answer:
        """The highest sum of rewards; ties to the answer seen first. A path without a score weighs nothing."""
        return weighted_majority(tree, self.params.aggregation).answer
