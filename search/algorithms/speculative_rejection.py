"""Speculative rejection: best of N, whose worst paths are given up while they are being written.

"Fast Best-of-N Decoding via Speculative Rejection" (Sun et al., 2024): the reward of a partial answer foretells that
of the finished one, so after every chunk the partial paths below the α-quantile of their rewards are dropped. In the
paper a chunk ends when the memory is full, and the freed memory is the gain; here it is a number of tokens, and the
gain is counted in tokens. Who finished takes no further part: the highest reward wins.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.algorithms.sampling import under_way
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree


class SpeculativeRejectionParams(Params):
    """N, α, and where the looks are taken."""

    n: int = Field(default=16, ge=1, le=256, description="Paths at the start (N).")
    alpha: float = Field(default=0.5, ge=0, lt=1, description="Share of the paths under way dropped at each look (α).")
    chunk: int = Field(default=16, ge=1, le=8192, description="Tokens of each path between two looks.")
    judge: Literal["text", "steps"] = Field(
        default="text", description="What is scored: the text so far, as in the paper, or only its whole steps."
    )
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class SpeculativeRejection(Algorithm[SpeculativeRejectionParams]):
    """N paths in chunks; after each, the worst go."""

    name = "speculative_rejection"
    family = "sampling"
    title = "Speculative rejection"
    paper = "Fast Best-of-N Decoding via Speculative Rejection"
    summary = (
        "Starts N solutions at once and, after every few tokens, drops the half that the reward likes least, in the"
        " middle of their steps if need be. The best finished one wins: best of N at a fraction of its tokens."
    )
    commands = {
        **ON_COMMANDS,
        "prune": "The path is dropped, and what it was writing is aborted in the engine.",
        "restore": "A dropped path goes on where it was halted, and is judged again at the next look.",
    }

    @classmethod
    def params_type(cls) -> type[SpeculativeRejectionParams]:
        """See `SpeculativeRejectionParams`."""
        return SpeculativeRejectionParams

    async def run(self, search: Search) -> None:
        """Decode, score, drop; until nobody is under way."""
        p = self.params
        paths = search.frontier()
        look = 0
        while paths := under_way(search, paths, p.max_steps):
            n = p.n if paths == [search.root] else 1
            reached = await search.decode(paths, n, max_steps=p.max_steps, tokens=p.chunk)
            going = [node for node in reached if node.expandable and search.allowance(node, p.max_steps)]
            judged = [self._judged(search.tree, node) for node in going]
            await search.score([node for node in judged if node.parents] + [node for node in reached if node.solved])
            look += 1
            paths = self._reject(search, [node for node in going if node.expandable], look)

    def _judged(self, tree: Tree, node: Node) -> Node:
        """What stands for a path: itself, or its last whole step (the root has none)."""
        while self.params.judge == "steps" and node.mid_step:
            node = tree[node.parents[0]]
        return node

    def _reject(self, search: Search, going: list[Node], look: int) -> list[Node]:
        """Keep who reaches the cutoff, the α-quantile of the scores; ties stay, and so does who has no score yet."""
        p = self.params
        scores = {node.index: self._judged(search.tree, node).reward for node in going}
        ranked = sorted(score for score in scores.values() if score is not None)
        if not ranked:
            return going
        cutoff = ranked[int(round(p.alpha * len(ranked), 9))]
        kept = [node for node in going if (score := scores[node.index]) is None or score >= cutoff]
        dropped = [node for node in going if node not in kept]
        saved = {node.index: search.allowance(node, p.max_steps) for node in dropped}
        search.select(
            kept,
            rule="speculative rejection",
            scores=[scores[node.index] for node in kept],
            cutoff=cutoff,
            of=len(going),
            detail={"chunk": look},
        )
        search.prune(
            dropped,
            rule="speculative rejection",
            scores=[scores[node.index] for node in dropped],
            cutoff=cutoff,
            terms={index: {"chunk": look, "tokens_saved": tokens} for index, tokens in saved.items()},
            detail={"chunk": look, "tokens_saved": sum(saved.values())},
        )
        return kept

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest reward."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")
