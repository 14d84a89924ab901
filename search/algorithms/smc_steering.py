"""Sequential Monte Carlo steering: a particle filter whose potential is a constraint on the text.

"Sequential Monte Carlo Steering of Large Language Models using Probabilistic Programs" (Lew et al., 2023): N partial
solutions are each extended K times; an extension's weight is its parent's, shared among the K, times the potential, 1
while the text keeps the constraint and 0 once it cannot any more. Then the population is thinned to N without
replacement, so that no two particles are copies of one another. The paper extends by a token, this by a step.
"""

from __future__ import annotations

import math

from pydantic import Field, field_validator

from search.algorithms.base import ON_COMMANDS, Algorithm, Params
from search.algorithms.particles import Final, propagate, weighted_answer
from search.constraints import Constraint
from search.gate import Answer
from search.pattern_reader import read
from search.resampling import threshold
from search.search import Search
from search.tree import Node, Tree


class SMCSteeringParams(Params):
    """The population and the constraint. Patterns are regular expressions over whole texts; empty asks nothing."""

    particles: int = Field(default=8, ge=1, le=4096, description="Particles kept (N).")
    proposals: int = Field(default=3, ge=1, le=256, description="Extensions per particle (K).")
    solution: str = Field(
        default="",
        max_length=200,
        description="Pattern of the finished text, one step a line; until then the text must be able to become one.",
    )
    step: str = Field(default="", max_length=200, description="Pattern that each step has to match.")
    forbidden: str = Field(default="", max_length=200, description="Pattern that may occur nowhere.")
    longest: int = Field(default=0, ge=0, le=100_000, description="Most characters of a step; 0 is no limit.")
    final: Final = Field(default="weighted_vote", description="How the answer is chosen.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a particle.")

    @field_validator("solution", "step", "forbidden")
    @classmethod
    def _readable(cls, source: str) -> str:
        read(source)
        return source


class SMCSteering(Algorithm[SMCSteeringParams]):
    """Extend, drop what breaks the constraint, thin."""

    name = "smc_steering"
    family = "particles"
    title = "SMC steering"
    paper = "Sequential Monte Carlo Steering of Large Language Models using Probabilistic Programs"
    summary = (
        "Samples solutions that keep a rule you give: each partial solution is extended a few times, extensions that"
        " break the rule end there, and the others share its weight. Needs no reward."
    )
    needs_reward = False

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps join the population, if they keep the constraint.",
        "restore": "The step joins the population again; if it breaks the constraint, it leaves it again.",
        "edit": ON_COMMANDS["edit"] + " It has to keep the constraint too.",
    }

    @classmethod
    def params_type(cls) -> type[SMCSteeringParams]:
        """See `SMCSteeringParams`."""
        return SMCSteeringParams

    async def run(self, search: Search) -> None:
        """Weights are kept by node; who joins by a person's hand weighs as much as the mean particle."""
        p = self.params
        particles: list[Node] = search.frontier()
        weights: dict[int, float] = {}
        for step in range(1, p.max_steps + 1):
            particles = self._keeping(search, search.alive(particles, finished=True))
            if not any(node.expandable for node in particles):
                break
            mean = math.fsum(weights.values()) / len(weights) if weights else 1.0
            before = {node.index: weights.get(node.index, mean) for node in particles}
            fresh = step == 1 and particles == [search.root]
            n = p.proposals * (p.particles if fresh else 1)
            extended = await propagate(search, particles, n, score=search.has_reward)
            # A finished particle is its own and only extension.
            share = [before[node.index] if node.index in before else before[node.parents[0]] / n for node in extended]
            weighed = {node.index: own for node, own in zip(extended, share, strict=True)}
            particles = self._keeping(search, extended)
            if not particles:
                break
            total = math.fsum(weighed[node.index] for node in particles)
            normal = [weighed[node.index] / total for node in particles]
            last = step == p.max_steps or not any(node.expandable for node in particles)
            thin_at = 0.0 if last else threshold(normal, p.particles)
            weights = {node.index: max(own, thin_at) for node, own in zip(particles, normal, strict=True)}
            particles = search.resample(
                particles,
                normal,
                p.particles,
                step=step,
                scheme="without_replacement",
                temperature=1.0,
                threshold=1.0,
                last=last,
                detail={"threshold": thin_at, "violated": len(extended) - len(particles)},
            )
            weights = {node.index: weights[node.index] for node in particles}

    def _keeping(self, search: Search, particles: list[Node]) -> list[Node]:
        """Those whose text keeps the constraint; the others are pruned, with what they violate and where."""
        p, tree = self.params, search.tree
        constraint = Constraint(p.solution, p.step, p.forbidden, p.longest)
        found = {node.index: constraint.violation(tree.steps(node), node.finish == "end") for node in particles}
        violations = {index: violation for index, violation in found.items() if violation is not None}
        terms: dict[int, dict[str, str | int]] = {
            index: {"violates": v.constraint, "at": v.at} for index, v in violations.items()
        }
        broken = [tree[index] for index in violations]
        search.prune(broken, rule="constraint", cutoff=1.0, scores=[0.0] * len(broken), terms=terms)
        return [node for node in particles if node.index not in violations]

    def answer(self, tree: Tree) -> Answer:
        """The finished particle, or the answer, of highest weight."""
        return weighted_answer(tree, self.params.final)
