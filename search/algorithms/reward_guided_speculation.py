"""Reward-guided speculation: a small policy drafts every step, a large one rewrites those the reward does not trust.

"Reward-Guided Speculative Decoding for Efficient LLM Reasoning" (Liao et al., 2025): a drafted step is kept if its
process reward reaches δ, else it is thrown away and the target policy writes the step, which is kept unseen. Tokens of
both count towards the budget; what a run saves is target tokens.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree

RULE = "reward_guided_speculation"


class RewardGuidedSpeculationParams(Params):
    """δ, and who drafts."""

    draft: str = Field(
        default="embedded_draft",
        min_length=1,
        max_length=500,
        description="The small policy that drafts: a slug or folder.",
    )
    threshold: float = Field(default=0.7, ge=0, le=1, description="A draft of at least this reward is kept (δ).")
    paths: int = Field(default=1, ge=1, le=4096, description="Paths written side by side.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class RewardGuidedSpeculation(Algorithm[RewardGuidedSpeculationParams]):
    """Draft, judge, rewrite."""

    name = "reward_guided_speculation"
    family = "two_models"
    title = "Reward-guided speculation"
    paper = "Reward-Guided Speculative Decoding for Efficient LLM Reasoning"
    summary = (
        "A small policy drafts each step; the run's own policy writes it anew only where the reward of the draft is too"
        " low. Look at the share of drafts that were kept, and at which steps the large policy had to step in."
    )

    commands = {
        **ON_COMMANDS,
        "expand": "The run's own policy writes the new steps; each becomes a path of its own.",
        "edit": "The path goes on at your step: it is neither judged nor written anew.",
    }

    @classmethod
    def params_type(cls) -> type[RewardGuidedSpeculationParams]:
        """See `RewardGuidedSpeculationParams`."""
        return RewardGuidedSpeculationParams

    @classmethod
    def draft_for(cls, params: RewardGuidedSpeculationParams) -> str | None:
        """The policy that drafts."""
        return params.draft

    async def run(self, search: Search) -> None:
        """A step of all paths at a time: one batch of drafts, one of rewritten steps."""
        p, paths = self.params, search.frontier()
        for _ in range(p.max_steps):
            paths = search.alive(paths)
            if not paths:
                break
            drafts = await search.expand(paths, n=p.paths if paths == [search.root] else 1, draft=True)
            await search.score(drafts)
            kept, refused = self._judge(search, drafts)
            # A draft that ran into its token cap has no reward: it is refused, too.
            rewritten = [search.tree[node.parents[0]] for node in drafts if node in refused or node.dead]
            written = await search.expand(rewritten)
            search.select(written, rule=RULE, terms={node.index: {"writer": "policy"} for node in written})
            await search.score([node for node in written if node.solved])
            paths = [*kept, *written]

    def _judge(self, search: Search, drafts: list[Node]) -> tuple[list[Node], list[Node]]:
        """The drafts that are kept and those that are not; what a person pruned meanwhile is neither."""
        standing = [node for node in drafts if node.expandable or node.solved]
        kept = [node for node in standing if (node.reward or 0.0) >= self.params.threshold]
        refused = [node for node in standing if node not in kept]
        said = {node.index: {"writer": "draft"} for node in standing}
        search.select(kept, rule=RULE, cutoff=self.params.threshold, of=len(standing), terms=said)
        search.prune(refused, rule=RULE, cutoff=self.params.threshold, terms=said)
        return kept, refused

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest reward."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")
