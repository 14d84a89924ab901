"""LiteSearch: the most valuable open node is expanded, and its value says how many children it deserves.

"LiteSearch: Efficacious Tree Search for LLM" (Wang et al., 2024): if a child of a node with value v succeeds with
probability v, b = ⌈log(1−ε) / log(1−v)⌉ children hold a success with probability ε. As in the authors' code, b is
divided by the depth and kept between 2 and a cap, a node's first child is decoded greedily, and the search ends when an
answer is the most valuable node of all, is good enough, or when enough answers are there. A process reward says nothing
of the bare problem, which gets the cap.
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


class LiteSearchParams(Params):
    """ε, the cap, and when it is enough."""

    expected: float = Field(default=0.9, gt=0, lt=1, description="Wanted chance that one child succeeds (ε).")
    least: int = Field(default=2, ge=1, le=256, description="Fewest children of an expanded node.")
    most: int = Field(default=10, ge=1, le=256, description="Most children of a node.")
    discount: bool = Field(default=True, description="Divide a node's budget by its depth: early steps matter more.")
    expansion: Literal["batch", "incremental"] = Field(
        default="batch", description="All children of a node at once, or one after the other as long as it is the best."
    )
    enough: float = Field(default=0.8, ge=0, le=1, description="Stop at an answer of more than this reward.")
    answers: int = Field(default=5, ge=1, le=4096, description="Stop once so many answers are there.")
    expansions: int = Field(default=100, ge=1, le=100_000, description="Expansions at most.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class LiteSearch(Algorithm[LiteSearchParams]):
    """Spend where it pays, and no more than it takes."""

    name = "lite_search"
    family = "steps"
    title = "LiteSearch"
    paper = "LiteSearch: Efficacious Tree Search for LLM"
    summary = (
        "Expands the open step of highest value and gives it only as many children as it takes to expect a success:"
        " a sure step gets two, a doubtful one more. Look at the budget b of each step against its value."
    )

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are expanded next, each within a budget of its own.",
        "restore": "The step is expanded next.",
        "edit": "Your step is expanded next; what waited at or below the old one is dropped.",
    }

    @classmethod
    def params_type(cls) -> type[LiteSearchParams]:
        """See `LiteSearchParams`."""
        return LiteSearchParams

    async def run(self, search: Search) -> None:
        """Take the best node; if it is an answer, done; else expand it within its budget."""
        p, tree = self.params, search.tree
        queue = OpenList(search, lambda node: node.reward or 0.0)
        queue.add(node for node in tree.nodes if node.solved or self._left(node))
        for _ in range(p.expansions):
            node = queue.take()
            if node is None:
                return
            terms = {"value": node.reward, "b": self._budget(node), "children": node.sampled}
            search.select([node], rule="lite_search", of=len(queue) + 1, terms={node.index: terms})
            if node.solved:
                return
            children = await self._expand(search, node)
            await search.score(children)
            answers = tree.candidates()
            if len(answers) >= p.answers or any((answer.reward or 0.0) > p.enough for answer in answers):
                return
            queue.add(child for child in [*children, node] if child.solved or self._left(child))

    async def _expand(self, search: Search, node: Node) -> list[Node]:
        """A node's first child is the policy's own favourite, the others are sampled."""
        room = self._left(node) if self.params.expansion == "batch" else 1
        first = await search.expand([node], temperature=0.0) if not node.sampled else []
        return first + await search.expand([node], n=max(0, room - len(first)))

    def _budget(self, node: Node) -> int:
        """b: the most children this node deserves."""
        p = self.params
        if node.reward is None or node.reward <= 0:
            wanted = float(p.most)
        elif node.reward >= 1:
            wanted = 1.0
        else:
            wanted = math.ceil(math.log(1 - p.expected) / math.log(1 - node.reward))
        if p.discount:
            wanted = math.floor(wanted / max(1, node.depth) + 0.5)
        return int(min(max(wanted, p.least), p.most))

    def _left(self, node: Node) -> int:
        """How many children it may still get."""
        return max(0, self._budget(node) - node.sampled) if node.depth < self.params.max_steps else 0

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest value."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest value")
