"""Entropic particle filtering: a particle filter that does not believe early rewards too readily.

"Mitigating Premature Exploitation in Particle-based Monte Carlo for Inference-Time Scaling" (Giannone et al., 2025).
Entropic annealing: while ESS/N is below a threshold in the early part of the run, the weights are flattened by
τ = max(1, (N/ESS)·(1 − t/T)). Look-ahead modulation: a particle's weight is multiplied by that of the steps that would
follow it, sampled for this purpose only, as in the auxiliary particle filter ("Filtering via Simulation", Pitt and
Shephard, 1999). The final weights are neither flattened nor modulated.
"""

from __future__ import annotations

import math

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.particles import Final, propagate, weighted_answer
from search.gate import Answer
from search.resampling import Scheme, effective_sample_size, logit, softmax
from search.search import Search
from search.tree import Node, Tree


class EntropicParticleFilterParams(Params):
    """A particle filter's, the annealing's, and the look-ahead's."""

    particles: int = Field(default=8, ge=1, le=4096, description="Particles (N).")
    reward_temperature: float = Field(
        default=1.0, gt=0, le=100, description="Temperature of the weights exp(logit(reward)/temperature)."
    )
    annealing_threshold: float = Field(default=0.5, ge=0, le=1, description="Flatten below this ESS/N; 0 is never.")
    early: float = Field(default=0.5, ge=0, le=1, description="Share of the run in which weights may be flattened.")
    horizon: int = Field(default=8, ge=1, le=1000, description="Steps that a solution is expected to have (T).")
    lookahead: int = Field(
        default=0, ge=0, le=16, description="Next steps sampled per particle to modulate its weight; 0 is none."
    )
    scheme: Scheme = Field(default="systematic", description="How offspring are drawn.")
    final: Final = Field(default="argmax", description="How the answer is chosen.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a particle.")


class EntropicParticleFilter(Algorithm[EntropicParticleFilterParams]):
    """Propagate, look ahead, anneal, resample."""

    name = "entropic_particle_filter"
    family = "particles"
    title = "Entropic particle filter"
    paper = "Mitigating Premature Exploitation in Particle-based Monte Carlo for Inference-Time Scaling"
    summary = (
        "A particle filter that watches its own diversity: when a few particles would take over early in the run, it"
        " evens the weights out; it can also ask what the next steps would be worth before it decides."
    )

    @classmethod
    def params_type(cls) -> type[EntropicParticleFilterParams]:
        """See `EntropicParticleFilterParams`."""
        return EntropicParticleFilterParams

    async def run(self, search: Search) -> None:
        """Finished particles stay in the population and are weighted and resampled with the rest."""
        p = self.params
        particles: list[Node] = search.frontier()
        for step in range(1, p.max_steps + 1):
            particles = search.alive(particles, finished=True)
            if not any(node.expandable for node in particles):
                break
            fresh = step == 1 and particles == [search.root]
            particles = await propagate(search, particles, p.particles if fresh else 1)
            last = not any(node.expandable for node in particles)
            ahead = {} if last else await self._look_ahead(search, particles)
            particles = [node for node in particles if node.expandable or node.solved]
            if not particles:
                break
            logits = [logit(node.reward or 0.0) + ahead.get(node.index, 0.0) for node in particles]
            plain = softmax(logits, p.reward_temperature)
            heat = 1.0 if last else self._heat(effective_sample_size(plain) / len(particles), step)
            particles = search.resample(
                particles,
                softmax(logits, p.reward_temperature * heat),
                p.particles,
                step=step,
                scheme=p.scheme,
                temperature=p.reward_temperature * heat,
                threshold=1.0,
                last=last,
                detail={
                    "heat": heat,
                    "plain_ess": effective_sample_size(plain),
                    "entropy": -math.fsum(w * math.log(w) for w in plain if w > 0),
                    "lookahead": [[index, modulation] for index, modulation in ahead.items()],
                },
            )

    def _heat(self, ess_share: float, step: int) -> float:
        """τ of the paper: above 1 only where few particles carry the weight early in the run."""
        progress = step / self.params.horizon
        if ess_share >= self.params.annealing_threshold or progress >= self.params.early:
            return 1.0
        return max(1.0, (1.0 - progress) / ess_share)

    async def _look_ahead(self, search: Search, particles: list[Node]) -> dict[int, float]:
        """Per particle the logit of its successors' mean reward; a finished particle is its own successor."""
        if not self.params.lookahead:
            return {}
        unique = list({node.index: node for node in particles}.values())
        futures = await search.rollout(unique, self.params.lookahead, max_steps=1)
        going = [
            (node, rollout) for node, found in zip(unique, futures, strict=True) for rollout in found if rollout.texts
        ]
        rewards: dict[int, list[float]] = {}
        for (node, _), reward in zip(going, await search.score_rollouts(going), strict=True):
            rewards.setdefault(node.index, []).append(reward)
        means = {index: math.fsum(found) / len(found) for index, found in rewards.items()}
        return {node.index: logit(means.get(node.index, node.reward or 0.0)) for node in unique}

    def answer(self, tree: Tree) -> Answer:
        """The finished particle, or the answer, of highest weight."""
        return weighted_answer(tree, self.params.final)
