"""Best of N: sample N solutions, keep the one the reward likes best.

"Training Verifiers to Solve Math Word Problems" (Cobbe et al., 2021) ranks by one score of the whole solution; for
process rewards the step scores are aggregated as in "Let's Verify Step by Step" (Lightman et al., 2023).
"""

from __future__ import annotations

from pydantic import Field

from search.aggregation import Aggregation
from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import sample_paths, show
from search.gate import Answer
from search.search import Search
from search.selection.best_of_n import best_of_n
from search.tree import Tree


class BestOfNParams(Params):
    """How many, and what a path is worth."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    aggregation: Aggregation = Field(default="last", description="How step scores become a path's score.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class BestOfN(Algorithm[BestOfNParams]):
    """N paths; the reward picks one."""

    name = "best_of_n"
    family = "sampling"
    title = "Best of N"
    paper = "Training Verifiers to Solve Math Word Problems"
    summary = "Samples N whole solutions and picks the one whose steps the reward likes best."

    @classmethod
    def params_type(cls) -> type[BestOfNParams]:
        """See `BestOfNParams`."""
        return BestOfNParams

    async def run(self, search: Search) -> None:
        """Sample, score, and show the ranking."""
        await sample_paths(search, self.params.n, self.params.max_steps, score=True)
        show(search, best_of_n(search.tree, self.params.aggregation))

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest aggregated reward."""
        return best_of_n(tree, self.params.aggregation).answer
