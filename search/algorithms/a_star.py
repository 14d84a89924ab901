"""A* over partial solutions: expand the open node of lowest f = g + h.

"A*-Decoding: Token-Efficient Inference Scaling" (Chatziveroglou, 2025): the heuristic is h(s) = 1 − r(s) with the
process reward r of the partial solution, an expansion samples k continuations, and tokens and reward passes are counted
apart. g adds up the costs of the edges from the problem to s; what an edge costs is a choice here (`edge_cost`), since
h lies between 0 and 1 whatever the depth and only the searcher can say how much a step may cost beside it. With a
weight of 0 it is greedy best-first search by reward.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.algorithms.open_list import OpenList
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree

SHOWN = 8
"""As many nodes of the open set are recorded with every decision."""


class AStarParams(Params):
    """k, and what a step costs."""

    proposals: int = Field(default=4, ge=1, le=256, description="Continuations sampled per expansion (k).")
    edge_cost: Literal["surprise", "shortfall", "step"] = Field(
        default="surprise",
        description="Cost of a step: its negative mean token log-probability in nats, 1 − its reward, or 1.",
    )
    cost_weight: float = Field(default=0.1, ge=0, le=100, description="Weight of g beside h; 0 is greedy best-first.")
    expansions: int = Field(default=64, ge=1, le=100_000, description="Nodes expanded at most.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class AStar(Algorithm[AStarParams]):
    """Open set, closed set, f = g + h."""

    name = "a_star"
    family = "steps"
    title = "A*-decoding"
    paper = "A*-Decoding: Token-Efficient Inference Scaling"
    summary = (
        "Expands the step of lowest f: what the path to it has cost, plus one minus its reward as an estimate of what"
        " is still to come. Stops at the first answer that is cheaper than all that is open. Look at the tokens and"
        " reward passes it spent beside a beam's."
    )

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are opened and taken next, whatever their f.",
        "restore": "The step is open again and taken next, whatever its f.",
        "edit": "Your step is taken next, whatever its f; what was open at or below the old one is dropped.",
    }

    @classmethod
    def params_type(cls) -> type[AStarParams]:
        """See `AStarParams`."""
        return AStarParams

    async def run(self, search: Search) -> None:
        """The closed set is what was taken; a tree has one path to every node, so nothing is ever reopened."""
        p, tree = self.params, search.tree
        opened = OpenList(search, lambda node: -self._terms(tree, node)["f"])
        opened.add([*search.frontier(), *tree.candidates()])
        closed = 0
        while closed < p.expansions and (node := opened.take()) is not None:
            terms = self._terms(tree, node)
            search.select(
                [node],
                rule="a_star",
                scores=[terms["f"]],
                of=len(opened) + 1,
                terms={node.index: terms},
                detail={
                    "open": [[index, -priority] for index, priority in opened.head(SHOWN)],
                    "open_size": len(opened),
                    "closed_size": closed,
                    "tokens": tree.counters.tokens,
                    "reward_calls": tree.counters.reward_calls,
                },
            )
            if node.solved:
                return
            closed += 1
            children = await search.expand([node], n=p.proposals)
            await search.score(children)
            born = [child for child in children if child.solved or (child.expandable and child.depth < p.max_steps)]
            named = {child.index: self._terms(tree, child) for child in born}
            born.sort(key=lambda child: (named[child.index]["f"], child.index))
            search.select(born, rule="a_star_open", scores=[named[child.index]["f"] for child in born], terms=named)
            opened.add(born)

    def _terms(self, tree: Tree, node: Node) -> dict[str, float]:
        """g, h and f of a node; a step without reward or logprob (the problem, a person's) counts as certain."""
        g = math.fsum(self._cost(step) for step in tree.path(node)[1:])
        h = 0.0 if node.reward is None else 1.0 - node.reward
        return {"g": g, "h": h, "f": self.params.cost_weight * g + h}

    def _cost(self, step: Node) -> float:
        if self.params.edge_cost == "surprise":
            return -(step.logprob or 0.0) / max(1, step.tokens)
        if self.params.edge_cost == "shortfall":
            return 0.0 if step.reward is None else 1.0 - step.reward
        return 1.0

    def answer(self, tree: Tree) -> Answer:
        """The finished path of lowest f."""
        candidates = tree.candidates()
        return best(candidates, [-self._terms(tree, node)["f"] for node in candidates], "lowest f")
