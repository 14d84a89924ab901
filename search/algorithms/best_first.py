"""Best-first search: always expand the most promising open node, wherever in the tree it is.

"Tree Search for Language Model Agents" (Koh et al., 2024) takes the node of highest value. "BFS-Prover: Scalable
Best-First Tree Search for LLM-based Automatic Theorem Proving" (Xin et al., 2025) does without a reward: the priority
of a node is Σ log p(step) / L^α over the L steps of its path, p being the policy's own probability of the whole step;
α = 1 is the mean step log-probability, and a larger α goes deeper.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from search.aggregation import Aggregation, path_reward
from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.algorithms.open_list import OpenList
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree

SHOWN = 8
"""As many of the waiting nodes are recorded with every decision."""


class BestFirstParams(Params):
    """What comes first, and when it is enough."""

    priority: Literal["reward", "logprob"] = Field(
        default="reward", description="What comes first: the path's reward, or its length-normalised log-probability."
    )
    aggregation: Aggregation = Field(default="last", description="How step scores become a path's reward.")
    length_exponent: float = Field(
        default=1.0, ge=0, le=4, description="α: the log-probability of a path is divided by its steps to this power."
    )
    proposals: int = Field(default=4, ge=1, le=256, description="Next steps per expansion.")
    answers: int = Field(default=1, ge=1, le=4096, description="Stop once so many answers came first in the queue.")
    expansions: int = Field(default=64, ge=1, le=100_000, description="Nodes expanded at most.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class BestFirst(Algorithm[BestFirstParams]):
    """One queue over the whole tree."""

    name = "best_first"
    family = "steps"
    title = "Best-first search"
    paper = "Tree Search for Language Model Agents"
    summary = (
        "Keeps every open step in one queue and always expands the first, so that it leaves a path as soon as another"
        " looks better. Look at how often it turns back: a wandering queue means the priority does not separate."
    )
    needs_reward = False

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps go to the head of the queue.",
        "restore": "The step goes to the head of the queue.",
        "edit": "Your step goes to the head of the queue; what waited at or below the old one leaves it.",
    }

    @classmethod
    def params_type(cls) -> type[BestFirstParams]:
        """See `BestFirstParams`."""
        return BestFirstParams

    @classmethod
    def needs_reward_for(cls, params: BestFirstParams) -> bool:
        """Only where the reward is the priority."""
        return params.priority == "reward"

    async def run(self, search: Search) -> None:
        """An answer counts when it comes first, not when it is written: something better may be waiting."""
        p, tree = self.params, search.tree
        queue = OpenList(search, lambda node: self._priority(tree, node))
        queue.add([*search.frontier(), *tree.candidates()])
        expanded = found = 0
        while expanded < p.expansions and found < p.answers and (node := queue.take()) is not None:
            search.select(
                [node],
                rule="best_first",
                scores=[self._priority(tree, node)],
                of=len(queue) + 1,
                detail={"queue": queue.head(SHOWN), "size": len(queue)},
            )
            if node.solved:
                found += 1
                continue
            expanded += 1
            children = await search.expand([node], n=p.proposals)
            if p.priority == "reward":
                await search.score(children)
            queue.add(child for child in children if child.solved or child.depth < p.max_steps)

    def _priority(self, tree: Tree, node: Node) -> float:
        """Higher comes first. A person's step costs no probability."""
        if self.params.priority == "reward":
            return path_reward(tree, node, self.params.aggregation) or 0.0
        steps = tree.path(node)[1:]
        return math.fsum(step.logprob or 0.0 for step in steps) / max(1, len(steps)) ** self.params.length_exponent

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest priority."""
        candidates = tree.candidates()
        return best(candidates, [self._priority(tree, node) for node in candidates], "highest priority")
