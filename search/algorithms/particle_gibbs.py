"""Particle Gibbs over reasoning steps: sweeps of conditional sequential Monte Carlo.

"A Probabilistic Inference Approach to Inference-Time Scaling of LLMs using Particle-Based Monte Carlo Methods" (Puri et
al., 2025), after "Particle Markov chain Monte Carlo methods" (Andrieu, Doucet and Holenstein, 2010). The first sweep is
a particle filter. From its final weights one trajectory is drawn, the reference; each further sweep starts anew from
the problem with N − 1 free particles, while the reference occupies the last place at every step and competes there
with the reward of its own prefix up to that step (not of the step after it). Free particles may descend from the
reference's prefix: they go on from it on their own.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params
from search.algorithms.particles import Final, propagate, weighted_answer
from search.gate import Answer
from search.resampling import logit, offspring, softmax
from search.search import Search
from search.tree import Node, Tree


class ParticleGibbsParams(Params):
    """Sweeps and what a sweep is. Resampling is multinomial: the other schemes are not valid given a reference."""

    sweeps: int = Field(default=3, ge=1, le=1000, description="Passes over the problem; 1 is a particle filter.")
    particles: int = Field(default=8, ge=2, le=4096, description="Particles per sweep, the reference included (N).")
    reward_temperature: float = Field(default=1.0, gt=0, le=100, description="τ of the weights exp(logit(reward)/τ).")
    ess_threshold: float = Field(default=1.0, ge=0, le=1, description="Resample below this ESS/N; 1 is always.")
    final: Final = Field(default="argmax", description="How the last sweep's particles answer.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a particle.")


class ParticleGibbs(Algorithm[ParticleGibbsParams]):
    """Filter again and again, one trajectory carried over."""

    name = "particle_gibbs"
    family = "particles"
    title = "Particle Gibbs"
    paper = (
        "A Probabilistic Inference Approach to Inference-Time Scaling of LLMs using Particle-Based Monte Carlo Methods"
    )
    summary = (
        "Runs the particle filter several times; one solution of each pass, drawn by its weight, takes part in the"
        " next, so that a good one is not lost while the others get another chance."
    )

    commands = {
        **ON_COMMANDS,
        "prune": ON_COMMANDS["prune"] + " A reference that went through it is given up.",
        "edit": ON_COMMANDS["edit"] + " A reference that went through it is given up.",
    }

    @classmethod
    def params_type(cls) -> type[ParticleGibbsParams]:
        """See `ParticleGibbsParams`."""
        return ParticleGibbsParams

    async def run(self, search: Search) -> None:
        """A tree that was grown already is gone on with in the first sweep; later ones start from the problem."""
        reference: list[Node] = []
        for sweep in range(1, self.params.sweeps + 1):
            start = search.frontier() if sweep == 1 else [search.root]
            population, weights = await self._sweep(search, start, reference)
            if sweep < self.params.sweeps and population:
                reference = self._retain(search, population, weights, sweep)

    async def _sweep(self, search: Search, free: list[Node], reference: list[Node]) -> tuple[list[Node], list[float]]:
        """The final population and its weights; `reference`: a path from the root, or nothing."""
        p, population, weights = self.params, list[Node](), list[float]()
        for step in range(1, p.max_steps + 1):
            free = search.alive(free, finished=True)
            if not any(node.expandable for node in free) and step >= len(reference):
                break
            fresh = step == 1 and free == [search.root]
            free = await propagate(search, free, p.particles - bool(reference) if fresh else 1)
            if not _whole(search.tree, reference):
                reference = []
            population = [*free, *reference[min(step, len(reference) - 1) :][:1]]
            if not population:
                break
            weights = softmax([logit(node.reward or 0.0) for node in population], p.reward_temperature)
            going = any(node.expandable for node in free) or step + 1 < len(reference)
            population = search.resample(
                population,
                weights,
                p.particles,
                step=step,
                scheme="multinomial",
                temperature=p.reward_temperature,
                threshold=p.ess_threshold,
                last=not going or step == p.max_steps,
                retained=bool(reference),
                detail={"reference": [node.index for node in reference]},
            )
            free = population[: len(population) - bool(reference)]
        return population, weights

    def _retain(self, search: Search, population: list[Node], weights: list[float], sweep: int) -> list[Node]:
        """Draw the reference by weight, show it, and let the rest of the population go."""
        drawn = offspring(weights, 1, "multinomial", lambda: search.draw("reference")).index(1)
        path = search.tree.path(population[drawn])
        terms = {path[-1].index: {"sweep": sweep, "weight": weights[drawn]}}
        search.select(path, rule="reference", scores=[node.reward for node in path], terms=terms)
        others = {node.index: node for node in population if node is not path[-1]}
        search.prune(list(others.values()), rule="not_retained", scores=[node.weight for node in others.values()])
        return path

    def answer(self, tree: Tree) -> Answer:
        """The last sweep's finished particle, or answer, of highest weight."""
        return weighted_answer(tree, self.params.final)


def _whole(tree: Tree, path: list[Node]) -> bool:
    """True unless a person pruned or rewrote a step of the path."""
    rewritten = [edited for edited, _ in tree.edits]
    return not any(node.status == "pruned" or node.index in rewritten for node in path)
