"""A strategy for tests only: it merges two paths into one node, so that the tree has a diamond."""

from __future__ import annotations

from search.algorithms import registry
from search.algorithms.base import Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Tree


class Merging(Algorithm[Params]):
    """Root → a, b; a and b → one child; it is followed to the end and its value backed up once per ancestor."""

    name = "merging"
    family = "steps"
    title = "Merging"
    paper = ""
    summary = "For tests."

    @classmethod
    def params_type(cls) -> type[Params]:
        return Params

    async def run(self, search: Search) -> None:
        first, second = await search.expand([search.root], n=2)
        await search.score([first, second])
        merged = await search.expand([first], kind="revision", also=[second])
        await search.score(merged)
        search.back_up(merged[0], 0.75)
        search.back_up(second, 0.25)
        search.back_up(merged[0], 1.0, rule="max")
        while merged := search.alive(merged):
            merged = await search.expand(merged)
            await search.score(merged)

    def answer(self, tree: Tree) -> Answer:
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")


registry()[Merging.name] = Merging
