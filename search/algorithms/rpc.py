"""RPC: the policy's own probabilities decide between the answers, after improbable paths were pruned.

"A Theoretical Study on Bridging Internal Probability and Self-Consistency for LLM Reasoning" (Zhou et al., 2025).
Counting votes estimates an answer's probability from frequencies; the policy knows each path's probability exactly, so
Perplexity Consistency sums those over an answer's distinct paths. The many improbable paths would slow that sum's
convergence: Reasoning Pruning drops the low component of a Weibull mixture fitted to the probabilities.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import sample_paths, show
from search.gate import Answer
from search.search import Search
from search.selection.rpc import Probability, rpc
from search.tree import Tree


class RPCParams(Params):
    """How many paths, and which probability of theirs."""

    n: int = Field(default=16, ge=1, le=4096, description="Paths sampled (N).")
    probability: Probability = Field(
        default="path",
        description="Of the whole path, as the paper has it, or of its mean token, as the authors' code has it.",
    )
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class RPC(Algorithm[RPCParams]):
    """Reasoning Pruning, then Perplexity Consistency."""

    name = "rpc"
    family = "sampling"
    title = "Reasoning-pruning perplexity consistency"
    paper = "A Theoretical Study on Bridging Internal Probability and Self-Consistency for LLM Reasoning"
    summary = (
        "Samples N whole solutions, sets improbable ones aside, and weighs each answer by the summed probability that"
        " the policy gives to its different solutions. Needs no reward, and fewer samples than a majority vote."
    )
    needs_reward = False

    @classmethod
    def params_type(cls) -> type[RPCParams]:
        """See `RPCParams`."""
        return RPCParams

    async def run(self, search: Search) -> None:
        """Sample; show each path's probability and which were pruned. A reward scores the paths for the eye."""
        await sample_paths(search, self.params.n, self.params.max_steps, score=search.has_reward)
        show(search, rpc(search.tree, self.params.probability))

    def answer(self, tree: Tree) -> Answer:
        """The answer of highest summed probability among the paths that were not pruned."""
        return rpc(tree, self.params.probability).answer
