"""Particle filtering over reasoning steps.

"A Probabilistic Inference Approach to Inference-Time Scaling of LLMs using Particle-Based Monte Carlo Methods" (Puri
et al., 2025): N partial solutions each take a step, are weighted by the process reward and resampled, so that compute
follows the reward without ever betting all on it. As in the paper a particle's weight is the reward of its whole
partial solution, not a product over steps; where the effective sample size stays above the threshold, the particles
go on unresampled and the next weights replace these.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.particles import Final, propagate, weighted_answer
from search.gate import Answer
from search.resampling import Scheme, logit, softmax
from search.search import Search
from search.tree import Node, Tree


class ParticleFilterParams(Params):
    """N, τ and the resampling."""

    particles: int = Field(default=8, ge=1, le=4096, description="Particles (N).")
    reward_temperature: float = Field(default=1.0, gt=0, le=100, description="τ of the weights exp(logit(reward)/τ).")
    scheme: Scheme = Field(default="systematic", description="How offspring are drawn.")
    ess_threshold: float = Field(default=1.0, ge=0, le=1, description="Resample below this ESS/N; 1 is always.")
    final: Final = Field(default="argmax", description="How the answer is chosen.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a particle.")


class ParticleFilter(Algorithm[ParticleFilterParams]):
    """Propagate, weight, resample."""

    name = "particle_filter"
    family = "particles"
    title = "Particle filter"
    paper = (
        "A Probabilistic Inference Approach to Inference-Time Scaling of LLMs using Particle-Based Monte Carlo Methods"
    )
    summary = "A population of partial solutions: good ones multiply, weak ones die out, chance keeps it open."

    @classmethod
    def params_type(cls) -> type[ParticleFilterParams]:
        """See `ParticleFilterParams`."""
        return ParticleFilterParams

    async def run(self, search: Search) -> None:
        """Finished particles stay in the population and are weighted and resampled with the rest."""
        p = self.params
        particles: list[Node] = search.frontier()
        for step in range(p.max_steps):
            particles = search.alive(particles, finished=True)
            if not any(node.expandable for node in particles):
                break
            fresh = step == 0 and particles == [search.root]
            particles = await propagate(search, particles, p.particles if fresh else 1)
            if not particles:
                break
            weights = softmax([logit(node.reward or 0.0) for node in particles], p.reward_temperature)
            particles = search.resample(
                particles,
                weights,
                p.particles,
                step=step + 1,
                scheme=p.scheme,
                temperature=p.reward_temperature,
                threshold=p.ess_threshold,
                last=not any(node.expandable for node in particles),
            )

    def answer(self, tree: Tree) -> Answer:
        """The finished particle, or the answer, of highest weight."""
        return weighted_answer(tree, self.params.final)
