"""Greedy search over steps: of M proposals keep the one the process reward likes best, and go on from it.

"A Comparative Study on Reasoning Patterns of OpenAI's o1 Model" (Wu et al., 2024) calls it step-wise best-of-N; it is
beam search of width one, and what every wider search has to beat.
"""

from pydantic import Field

from search.algorithms.base import Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Tree


class GreedyStepParams(Params):
    """M."""

    proposals: int = Field(default=4, ge=1, le=256, description="Next steps proposed at each level (M).")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of the path.")


class GreedyStep(Algorithm[GreedyStepParams]):
    """One path, each step the best of M."""

    name = "greedy_step"
    family = "steps"
    title = "Greedy step search"
    paper = "A Comparative Study on Reasoning Patterns of OpenAI's o1 Model"
    summary = "Samples a few next steps, keeps the one the process reward likes best, and goes on from it."

    @classmethod
    def params_type(cls) -> type[GreedyStepParams]:
        """See `GreedyStepParams`."""
        return GreedyStepParams

    async def run(self, search: Search) -> None:
        """The siblings that were not taken are pruned, each with its rank and the winner's score."""
        path = search.frontier()
        for _ in range(self.params.max_steps):
            path = search.alive(path)
            if not path:
                break
            children = await search.expand(path, n=self.params.proposals)
            await search.score(children)
            path = search.keep_best(children, 1, rule="greedy_step")

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest reward: one, unless a person opened more."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")
