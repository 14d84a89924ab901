"""Reward-balanced search: a level's node budget is shared out over its nodes by a softmax of their rewards.

"Inference Scaling Laws: An Empirical Analysis of Compute-Optimal Inference for LLM Problem-Solving" (Wu et al., 2024):
with budget B_t left at depth t, node j gets W_j = round(B_t · softmax(R_j / T)) children, and every solution that ended
takes one from the budget. The paper rounds each share by itself, so a level may come out a little above or below B_t;
its reference code hands out ceilings instead, best first, and meets B_t exactly. Two cases that the paper leaves open:
halves round up, and where every share rounds to nothing the best node keeps one child, so that the search goes on.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.resampling import softmax
from search.search import Search
from search.tree import Node, Tree
from search.voting import ballots, elect


class RebaseParams(Params):
    """N and T_b of the paper."""

    width: int = Field(default=16, ge=1, le=4096, description="Solutions sampled in all: the budget at depth 0 (N).")
    balance: float = Field(
        default=0.2, gt=0, le=100, description="Temperature of the softmax over rewards; low is greedy (T)."
    )
    final: Literal["weighted_vote", "best"] = Field(default="weighted_vote", description="How the answer is chosen.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most levels of the tree.")


class Rebase(Algorithm[RebaseParams]):
    """Branch in proportion to the exponential of the reward."""

    name = "rebase"
    family = "steps"
    title = "REBASE"
    paper = (
        "Inference Scaling Laws: An Empirical Analysis of Compute-Optimal Inference for LLM Problem-Solving with"
        " Language Models"
    )
    summary = (
        "Every level has a budget of children, shared out by a softmax of the rewards: good steps branch widely, weak"
        " ones once or not at all. Look at how many children a step got against its reward."
    )

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are scored and get a share of the next level's budget, which grows by one for each.",
        "restore": "The step is open again and gets a share of the next level's budget, which grows by one.",
        "edit": "The search goes on at your step, with at least one child, in place of the old one and what is below.",
    }

    @classmethod
    def params_type(cls) -> type[RebaseParams]:
        """See `RebaseParams`."""
        return RebaseParams

    async def run(self, search: Search) -> None:
        """Score the level, share out what is left of the budget, expand."""
        nodes = search.frontier()
        for depth in range(self.params.max_steps):
            nodes = search.alive(nodes)
            if not nodes:
                break
            widths = [self.params.width] if nodes == [search.root] else self._share_out(search, nodes, depth)
            nodes = await search.expand(nodes, n=widths)
            await search.score(nodes)

    def _share_out(self, search: Search, nodes: list[Node], depth: int) -> list[int]:
        """How many children each node gets; those that get none are pruned."""
        by_hand = dict.fromkeys(search.tree.by_hand)
        ended = sum(node.finish == "end" or node.dead for node in search.tree.nodes)
        left = max(0, self.params.width + len(by_hand) - ended)
        shares = softmax([node.reward or 0.0 for node in nodes], self.params.balance)
        widths = [math.floor(left * share + 0.5) for share in shares]
        if left and not any(widths):
            widths[max(range(len(nodes)), key=lambda i: shares[i])] = 1
        widths = [max(width, int(node.index in by_hand)) for node, width in zip(nodes, widths, strict=True)]
        terms = {
            node.index: {"reward": node.reward, "share": share, "width": width}
            for node, share, width in zip(nodes, shares, widths, strict=True)
        }
        detail = {"depth": depth, "budget": left}
        order = sorted(range(len(nodes)), key=lambda i: (-widths[i], -shares[i], i))
        kept, lost = [i for i in order if widths[i]], [i for i in order if not widths[i]]
        search.select([nodes[i] for i in kept], rule="rebase", scores=[left * shares[i] for i in kept],
                      of=len(nodes), terms=terms, detail=detail)  # fmt: skip
        search.prune([nodes[i] for i in lost], rule="rebase", cutoff=0.5, scores=[left * shares[i] for i in lost],
                     terms=terms, detail=detail)  # fmt: skip
        return widths

    def answer(self, tree: Tree) -> Answer:
        """The answer of highest summed reward, or the finished path of highest reward."""
        candidates = tree.candidates()
        rewards = [node.reward for node in candidates]
        if self.params.final == "best":
            return best(candidates, rewards, "highest reward")
        counted = ballots(candidates, [reward or 0.0 for reward in rewards])
        counted.sort(key=lambda ballot: -round(ballot.weight, 9))
        return elect(counted, "weighted vote")
