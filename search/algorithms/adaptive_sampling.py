"""Adaptive sampling: sample again only while the policy itself believes that a fresh start would do better.

"Adaptive Inference-Time Compute: LLMs Can Predict if They Can Do Better, Even Mid-Generation" (Manvi et al., 2024):
one token of self-evaluation says how probable it is that a restart would be better. Below a threshold the sampling
ends; asked in the middle of a solution, it prunes; of all finished ones the policy prefers the one it would least
like to restart. The first sample is the safest, later ones are drawn ever more freely. The paper asks after a number of
tokens; here it is a number of steps, because steps are what policies are trained to be asked after. Its annealing
schedule could not be checked against its text: ours is temperature · (1 − 2^(1 − k)) for the k-th sample, so 0 first.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree

RESTART = "self-evaluation: restart"


class AdaptiveSamplingParams(Params):
    """How many at most, and when to stop, to prune, and to cool."""

    n: int = Field(default=16, ge=1, le=4096, description="Solutions sampled at most (N).")
    threshold: float = Field(
        default=0.2, gt=0, le=1, description="Stop once P(a restart is better) of a solution is below this."
    )
    prune_above: float = Field(
        default=1.0, gt=0, le=1, description="Give a partial solution up at this P(a restart is better); 1 is never."
    )
    check_every: int = Field(default=1, ge=1, le=1000, description="Steps between two looks at a partial solution.")
    anneal: bool = Field(default=True, description="Sample the first at temperature 0, later ones ever warmer.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class AdaptiveSampling(Algorithm[AdaptiveSamplingParams]):
    """One after another, until the policy is content."""

    name = "adaptive_sampling"
    family = "sampling"
    title = "Adaptive sampling"
    paper = "Adaptive Inference-Time Compute: LLMs Can Predict if They Can Do Better, Even Mid-Generation"
    summary = (
        "Writes one solution after another and asks the policy itself each time whether starting over would do better."
        " It stops as soon as the policy thinks not, and can give a solution up half-way for the same reason."
    )
    needs_reward = False
    asks = "restart"
    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are written to their end before the next sample begins.",
        "restore": "The path is written on before the next sample begins.",
    }

    @classmethod
    def params_type(cls) -> type[AdaptiveSamplingParams]:
        """See `AdaptiveSamplingParams`."""
        return AdaptiveSamplingParams

    async def run(self, search: Search) -> None:
        """Sample, ask, and stop or sample again; what a person opened comes before the next sample."""
        p = self.params
        begun = search.tree.root.sampled
        chances = [node.rewards.get(RESTART, 1.0) for node in search.tree.candidates()]
        content = any(chance < p.threshold for chance in chances)
        paths = search.frontier() or [search.root]
        while paths:
            begun += paths == [search.root]
            temperature = search.temperature * (1 - 2.0 ** (1 - begun)) if p.anneal else search.temperature
            finished = await self._write(search, paths, temperature)
            chances = await search.self_evaluate(finished)
            content = content or any(chance < p.threshold for chance in chances)
            left = 0 if not content else max(0, p.n - begun)
            detail = {"sample": begun, "threshold": p.threshold, "temperature": temperature, "samples_saved": left}
            search.select(finished, rule="self-evaluation", scores=chances, cutoff=p.threshold, detail=detail)
            paths = search.alive([])
            if not paths and not content and begun < p.n:
                paths = [search.root]

    async def _write(self, search: Search, paths: list[Node], temperature: float) -> list[Node]:
        """These paths to their ends, or to where a restart would be better; those that were finished."""
        finished: list[Node] = []
        for step in range(1, self.params.max_steps + 1):
            paths = search.alive(paths)
            if not paths:
                break
            reached = await search.expand(paths, temperature=temperature)
            finished += [node for node in reached if node.solved]
            paths = [node for node in reached if node.expandable]
            if self.params.prune_above < 1 and step % self.params.check_every == 0:
                paths = await self._look(search, paths)
        return [node for node in finished if node.solved]

    async def _look(self, search: Search, paths: list[Node]) -> list[Node]:
        """Give up the partial solutions that had better be started over."""
        cutoff = self.params.prune_above
        chances = dict(zip([node.index for node in paths], await search.self_evaluate(paths), strict=True))
        kept = [node for node in paths if chances[node.index] < cutoff]
        lost = [node for node in paths if chances[node.index] >= cutoff]
        saved = {node.index: search.allowance(node, self.params.max_steps) for node in lost}
        rule = "a restart would do better"
        search.select(kept, rule=rule, scores=[chances[node.index] for node in kept], cutoff=cutoff)
        search.prune(
            lost,
            rule=rule,
            cutoff=cutoff,
            scores=[chances[node.index] for node in lost],
            terms={index: {"tokens_saved": tokens} for index, tokens in saved.items()},
            detail={"tokens_saved": sum(saved.values())},
        )
        return kept

    def answer(self, tree: Tree) -> Answer:
        """The solution that the policy would least like to restart; those never asked about come last."""
        candidates = tree.candidates()
        chances = [node.rewards.get(RESTART) for node in candidates]
        return best(candidates, [None if chance is None else -chance for chance in chances], "least wish to restart")
