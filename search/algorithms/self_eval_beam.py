"""Self-evaluation guided beam search: the policy writes steps and says itself how far it believes in them.

"Self-Evaluation Guided Beam Search for Reasoning" (Xie et al., 2023): a path is worth E = Π P(step)^λ · C(step)^(1−λ),
P being the policy's probability of the step and C its own probability that the solution so far is right. The next
beams are drawn without replacement with weights exp(E / τ), and τ decays at every step, from trying out to choosing. As
in the authors' code P is the mean per token and E the mean per step (geometric means), so that length costs nothing,
and finished beams stay in the draw.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.resampling import CLIP, softmax, without_replacement
from search.search import Search
from search.templates import source_name
from search.tree import Node, Tree
from search.voting import ballots, elect

BELIEF = source_name("right")


class SelfEvalBeamParams(Params):
    """k, n, λ, τ and α of the paper."""

    beams: int = Field(default=5, ge=1, le=256, description="Beams kept at each step (k).")
    proposals: int = Field(default=4, ge=1, le=256, description="Next steps each beam proposes.")
    balance: float = Field(
        default=0.5, ge=0, le=1, description="λ: 1 trusts the step's probability alone, 0 the self-evaluation alone."
    )
    temperature: float = Field(default=0.5, gt=0, le=100, description="τ of the first draw by exp(E / τ).")
    decay: float = Field(default=0.5, gt=0, le=1, description="α: τ is multiplied by it after every step.")
    final: Literal["vote", "best"] = Field(default="vote", description="How the answer is chosen.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class SelfEvalBeam(Algorithm[SelfEvalBeamParams]):
    """Stochastic beam search by the policy's own likelihood and belief."""

    name = "self_eval_beam"
    family = "steps"
    title = "Self-evaluation guided beam search"
    paper = "Self-Evaluation Guided Beam Search for Reasoning"
    summary = (
        "The policy is asked after every step whether its solution is right; beams are drawn by how likely and how"
        " believed they are, more greedily from step to step. Look at P and C side by side: where they disagree, the"
        " policy writes fluently what it does not believe."
    )
    needs_reward = False
    asks = "right"

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps join the beams until the next draw; yours count as certain.",
        "restore": "The step joins the beams until the next draw.",
        "edit": "Your step takes the beam's place until the next draw; it counts as certain.",
    }

    @classmethod
    def params_type(cls) -> type[SelfEvalBeamParams]:
        """See `SelfEvalBeamParams`."""
        return SelfEvalBeamParams

    async def run(self, search: Search) -> None:
        """Propose, ask, draw; until every beam has ended."""
        p, beams = self.params, search.frontier()
        ended: list[Node] = []
        for step in range(p.max_steps):
            beams = search.alive(beams)
            if not beams:
                break
            fresh = beams == [search.root]
            born = await search.expand(beams, n=p.proposals * (p.beams if fresh else 1))
            await search.self_evaluate([node for node in born if node.expandable or node.solved], "right")
            pool = [node for node in [*ended, *born] if node.expandable or node.solved]
            drawn = self._draw(search, pool, p.temperature * p.decay**step)
            ended = [node for node in drawn if node.solved]
            beams = [node for node in drawn if not node.solved]

    def _draw(self, search: Search, pool: list[Node], temperature: float) -> list[Node]:
        """The next beams; the others are pruned. Both are told with what their score was made of."""
        if not pool:
            return []
        worth = [self._worth(search.tree, node) for node in pool]
        weights = softmax(worth, temperature)
        drawn = without_replacement(worth, temperature, self.params.beams, lambda: search.draw("self_eval_beam"))
        lost = [i for i in range(len(pool)) if i not in drawn]
        terms = {
            node.index: {"P": _likelihood(node), "C": node.rewards.get(BELIEF), "E": worth[i], "weight": weights[i]}
            for i, node in enumerate(pool)
        }
        detail = {"temperature": temperature}
        search.select([pool[i] for i in drawn], rule="self_eval_beam", scores=[worth[i] for i in drawn],
                      of=len(pool), terms=terms, detail=detail)  # fmt: skip
        search.prune([pool[i] for i in lost], rule="self_eval_beam", scores=[worth[i] for i in lost],
                     terms=terms, detail=detail)  # fmt: skip
        return [pool[i] for i in drawn]

    def _worth(self, tree: Tree, node: Node) -> float:
        """E: the geometric mean over the path's steps of P^λ · C^(1−λ)."""
        share = self.params.balance
        steps = tree.path(node)[1:]
        logs = [
            share * math.log(_likelihood(step)) + (1 - share) * math.log(max(CLIP, step.rewards.get(BELIEF, 1.0)))
            for step in steps
        ]
        return math.exp(math.fsum(logs) / max(1, len(steps)))

    def answer(self, tree: Tree) -> Answer:
        """Most votes of the finished beams, ties to the higher sum of E; or the path of highest E."""
        candidates = tree.candidates()
        worth = [self._worth(tree, node) for node in candidates]
        if self.params.final == "best":
            return best(candidates, list(worth), "highest likelihood and belief")
        counted = ballots(candidates, worth)
        counted.sort(key=lambda ballot: (-ballot.count, -round(ballot.weight, 9)))
        return elect(counted, "majority of the beams")


def _likelihood(step: Node) -> float:
    """P: the geometric mean of the step's token probabilities; a person's step is certain."""
    return math.exp((step.logprob or 0.0) / max(1, step.tokens))
