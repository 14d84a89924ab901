"""Compute-optimal scaling: a few samples say how hard the problem is, and the strategy that won there takes over.

"Scaling LLM Test-Time Compute Optimally can be More Effective than Scaling Model Parameters" (Snell et al., 2024):
which strategy spends a budget best depends on the difficulty of the problem. Difficulty is predicted without the truth,
by the mean reward of sampled answers, and binned by quantiles; for each bin the strategy that did best on other
problems is used. The paper predicts from 2,048 samples and leaves their cost out; here the probes are few and count
like all else, and the solutions they found stay in the tree. Without a reward the share of the commonest answer
predicts.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from search.algorithms import algorithm_named, registry
from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.algorithms.declared import Declared, Entry
from search.algorithms.sampling import continue_paths
from search.gate import Answer
from search.learned import learned
from search.search import Search
from search.selection.majority import majority
from search.tree import Node, Tree
from search.voting import ballots

RULE = "compute_optimal"
DIFFICULTY = "difficulty"
"""The score of the problem itself that says which strategy took over."""


class Winner(Entry):
    """The strategy for problems of a difficulty up to `up_to`; the last one's is null."""

    up_to: float | None = Field(default=None, ge=0, le=1)
    algorithm: str
    params: dict[str, Any] = {}


WINNERS = Declared(Winner)


class ComputeOptimalParams(Params):
    """How difficulty is predicted, and who won at which."""

    probes: int = Field(default=4, ge=1, le=256, description="Solutions sampled to predict the difficulty (k).")
    estimate: Literal["reward", "agreement"] = Field(
        default="reward",
        description="Difficulty: 1 minus the mean reward of the probes, or minus the share of their commonest answer.",
    )
    table: str = Field(
        default=WINNERS.text(learned("winners")),
        max_length=20_000,
        description="Winners as JSON, easiest first: [{up_to, algorithm, params}, …]; the last has no up_to.",
        json_schema_extra={"format": "json"},
    )
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a probe.")

    @field_validator("table", mode="before")
    @classmethod
    def _list(cls, table: Any) -> str:
        return WINNERS.text(table)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        rows = WINNERS.entries(self.table)
        edges = [math.inf if row.up_to is None else row.up_to for row in rows]
        if edges[-1] != math.inf or sorted(dict.fromkeys(edges)) != edges:
            raise PydanticCustomError("table", "table: up_to has to rise from row to row, and the last row has none")
        for number, row in enumerate(rows):
            if (wrong := _mistake(row)) is not None:
                raise PydanticCustomError("table", "table: {at}: {wrong}", {"at": number, "wrong": wrong})
        return self


class ComputeOptimal(Algorithm[ComputeOptimalParams]):
    """Probe, predict, hand over."""

    name = "compute_optimal"
    family = "composed"
    title = "Compute-optimal"
    paper = "Scaling LLM Test-Time Compute Optimally can be More Effective than Scaling Model Parameters"
    summary = (
        "Samples a few solutions, predicts from their rewards (or their agreement) how hard the problem is, and goes on"
        " with the strategy that won at this difficulty in a benchmark. Look at the problem's difficulty and what was"
        " chosen for it; everything after the probes is that strategy's tree."
    )
    commands = {
        **ON_COMMANDS,
        "expand": "Before the choice, the new steps are probes; after it, the chosen strategy does what its card says.",
        "restore": "Before the choice, the path is a probe again; after it, as the chosen strategy's card says.",
    }

    @classmethod
    def params_type(cls) -> type[ComputeOptimalParams]:
        """See `ComputeOptimalParams`."""
        return ComputeOptimalParams

    @classmethod
    def needs_reward_for(cls, params: ComputeOptimalParams) -> bool:
        """True if the prediction or one of the strategies needs one."""
        inner = [_strategy(row) for row in WINNERS.entries(params.table)]
        return params.estimate == "reward" or any(one.needs_reward_for(one.params) for one in inner)

    async def run(self, search: Search) -> None:
        """The problem's own score remembers the choice, so that whoever reads the tree knows it."""
        if DIFFICULTY not in search.root.rewards:
            await self._probe(search)
        await _strategy(self._chosen(search.root.rewards[DIFFICULTY])).run(search)

    async def _probe(self, search: Search) -> None:
        """Sample, predict, choose. What is still open then would be taken for the chosen strategy's frontier."""
        p = self.params
        paths = search.alive(search.frontier())
        n = p.probes if paths == [search.root] else 1
        await continue_paths(search, paths, p.max_steps, n=n, score=search.has_reward)
        finished = search.tree.candidates()
        difficulty = self._difficulty(finished)
        row = self._chosen(difficulty)
        said = {"difficulty": difficulty, "estimate": p.estimate, "up_to": row.up_to,
                "strategy": row.algorithm, "params": row.params}  # fmt: skip
        search.select(finished or [search.root], rule=RULE, detail=said)
        endless = [node for node in search.frontier() if node.parents and node.index not in search.tree.by_hand]
        search.prune(endless, rule="probe too long")
        search.record_scores([(search.root, difficulty)], source=DIFFICULTY, drives=False)

    def _difficulty(self, finished: list[Node]) -> float:
        """Between 0 and 1; 1 if no probe came to an end."""
        if not finished:
            return 1.0
        if self.params.estimate == "reward":
            return round(1.0 - math.fsum(node.reward or 0.0 for node in finished) / len(finished), 6)
        counts = [ballot.count for ballot in ballots(finished, [1.0] * len(finished))]
        return round(1.0 - max(counts, default=0) / len(finished), 6)

    def _chosen(self, difficulty: float) -> Winner:
        rows = WINNERS.entries(self.params.table)
        return next(row for row in rows if row.up_to is None or difficulty <= row.up_to)

    def answer(self, tree: Tree) -> Answer:
        """The chosen strategy's, over the probes too; before the choice, the best probe's or the commonest."""
        if (difficulty := tree.root.rewards.get(DIFFICULTY)) is not None:
            return _strategy(self._chosen(difficulty)).answer(tree)
        if self.params.estimate == "agreement":
            return majority(tree).answer
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")


def _mistake(row: Winner) -> str | None:
    """Why a run cannot be handed over to this strategy."""
    if row.algorithm not in registry() or row.algorithm == RULE:
        return f"there is no strategy {row.algorithm} to hand over to"
    try:
        strategy = _strategy(row)
    except ValidationError as error:
        first = error.errors()[0]
        return f"params.{'.'.join(map(str, first['loc']))}: {first['msg']}"
    params = strategy.params
    wants = (strategy.draft_for(params), strategy.asks_for(params), strategy.needs_prompt_for(params))
    if any(wants) or strategy.needs_certainty:
        return f"{row.algorithm} needs more than a policy and a reward; choose another strategy"
    return None


def _strategy(row: Winner) -> Algorithm[Any]:
    strategy = algorithm_named(row.algorithm)
    return strategy(strategy.params_type().model_validate(row.params))
