"""Self-certainty: the policy judges its own solutions by how far its predictions are from a blind guess.

"Scalable Best-of-N Selection for Large Language Models via Self-Certainty" (Kang et al., 2025). The certainty of a
path is the mean over its tokens of KL(uniform || p), p the policy's next-token distribution at temperature 1; the paths
are ranked by it, and rank r of N casts (N - r + 1)^p votes for its answer.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import sample_paths, show
from search.gate import Answer
from search.search import Search
from search.selection.self_certainty import self_certainty
from search.tree import Tree


class SelfCertaintyParams(Params):
    """How many vote, and how much their rank counts."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    power: float = Field(
        default=0.5,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description="p of the votes (N - rank + 1)^p: 0 is the plain majority, 10 leaves it to the most certain.",
    )
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class SelfCertainty(Algorithm[SelfCertaintyParams]):
    """N paths; the surer the policy was, the more its answer counts."""

    name = "self_certainty"
    family = "sampling"
    title = "Self-certainty"
    paper = "Scalable Best-of-N Selection for Large Language Models via Self-Certainty"
    summary = (
        "Samples N whole solutions, ranks them by how certain the policy was of its tokens, and lets high ranks cast"
        " more votes for their answer. Needs no reward, but a policy whose engine sees whole distributions."
    )
    needs_reward = False
    needs_certainty = True

    @classmethod
    def params_type(cls) -> type[SelfCertaintyParams]:
        """See `SelfCertaintyParams`."""
        return SelfCertaintyParams

    async def run(self, search: Search) -> None:
        """Sample, and show each path's certainty. A reward, if there is one, scores the paths for the eye."""
        await sample_paths(search, self.params.n, self.params.max_steps, score=search.has_reward)
        show(search, self_certainty(search.tree, self.params.power))

    def answer(self, tree: Tree) -> Answer:
        """The answer with most Borda votes."""
        return self_certainty(tree, self.params.power).answer
