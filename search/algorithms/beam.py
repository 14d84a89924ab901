"""Beam search over steps, guided by a process reward.

"Scaling LLM Test-Time Compute Optimally can be More Effective than Scaling Model Parameters" (Snell et al., 2024):
keep the best B partial solutions, let each propose M next steps, keep the best B of the B·M by reward. With
`lookahead`, a proposal is judged by the reward at the end of L greedy steps from it: the paper's lookahead search.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree


class BeamParams(Params):
    """B, M, L of the paper."""

    width: int = Field(default=4, ge=1, le=256, description="Beams kept at each level (B).")
    proposals: int = Field(default=4, ge=1, le=256, description="Next steps each beam proposes (M).")
    lookahead: int = Field(
        default=0, ge=0, le=32, description="Greedy steps a proposal is judged after (L); 0 is none."
    )
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most levels of the tree.")


class Beam(Algorithm[BeamParams]):
    """Keep the best B of B·M proposals at every level."""

    name = "beam"
    family = "steps"
    title = "Beam search"
    paper = "Scaling LLM Test-Time Compute Optimally can be More Effective than Scaling Model Parameters"
    summary = "Keeps the best partial solutions at every level by the process reward; finished ones keep their slot."

    @classmethod
    def params_type(cls) -> type[BeamParams]:
        """See `BeamParams`."""
        return BeamParams

    async def run(self, search: Search) -> None:
        """Finished beams compete for the B slots with the new proposals, and keep them if they win."""
        beams: list[Node] = search.frontier()
        finished: list[Node] = []
        for level in range(self.params.max_steps):
            beams = search.alive(beams)
            if not beams:
                break
            # A lone root would seed the first level with M candidates only: let it propose for all B beams.
            seeds = self.params.width if level == 0 and len(beams) == 1 else 1
            children = await search.expand(beams, n=self.params.proposals * seeds)
            await self._judge(search, children)
            kept = search.keep_best(finished + children, self.params.width, rule="beam")
            finished = [node for node in kept if node.solved]
            beams = [node for node in kept if not node.solved]
            if len(finished) >= self.params.width:
                break

    async def _judge(self, search: Search, children: list[Node]) -> None:
        if not self.params.lookahead:
            await search.score(children)
            return
        ahead = [child for child in children if child.expandable or child.solved]
        rollouts = await search.rollout(ahead, max_steps=self.params.lookahead, temperature=0.0)
        scores = await search.score_rollouts([(child, found[0]) for child, found in zip(ahead, rollouts, strict=True)])
        search.record_scores(list(zip(ahead, scores, strict=True)), source="lookahead")

    def answer(self, tree: Tree) -> Answer:
        """The finished beam of highest reward."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")
