"""Best of N: sample N solutions, keep the one the reward likes best.

"Training Verifiers to Solve Math Word Problems" (Cobbe et al., 2021) ranks by one score of the whole solution; for
process rewards the step scores are aggregated as in "Let's Verify Step by Step" (Lightman et al., 2023).
"""

from __future__ import annotations

from pydantic import Field

from search.aggregation import Aggregation, path_reward
from search.algorithms.base import Algorithm, Params, best, ranked
from search.algorithms.sampling import sample_paths
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree


class BestOfNParams(Params):
    """How many, and what a path is worth."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    aggregation: Aggregation = Field(default="last", description="How step scores become a path's score.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class BestOfN(Algorithm[BestOfNParams]):
    """N paths; the reward picks one."""

    name = "best_of_n"
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
        order = ranked(*self._scored(search.tree))
        search.select([node for node, _ in order], rule=self._rule, scores=[score for _, score in order])

    def _scored(self, tree: Tree) -> tuple[list[Node], list[float | None]]:
        candidates = tree.candidates()
        return candidates, [path_reward(tree, node, self.params.aggregation) for node in candidates]

    @property
    def _rule(self) -> str:
        return f"best of n by {self.params.aggregation}"

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest aggregated reward."""
        return best(*self._scored(tree), self._rule)
