"""Greedy decoding: the policy's most probable token, every time. The baseline of every other strategy."""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import in_pieces
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree


class GreedyParams(Params):
    """One path needs only a length."""

    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of the path.")


class Greedy(Algorithm[GreedyParams]):
    """One path at temperature 0."""

    name = "greedy"
    family = "sampling"
    title = "Greedy decoding"
    paper = ""
    summary = "One path; always the most probable token. No search: what the model says by itself."
    needs_reward = False

    @classmethod
    def params_type(cls) -> type[GreedyParams]:
        """See `GreedyParams`."""
        return GreedyParams

    async def run(self, search: Search) -> None:
        """Until the path ends. A reward, if there is one, scores the path once, for the eye."""
        reached = await self._write(search)
        if search.has_reward:
            await search.score(reached)

    async def _write(self, search: Search) -> list[Node]:
        """The path's newest node. Of a policy that likes to be asked for more at once than a step, in pieces."""
        path = reached = search.frontier()
        if search.lone_piece_tokens is not None:
            return await in_pieces(search, path, self.params.max_steps, search.lone_piece_tokens, temperature=0.0)
        for _ in range(self.params.max_steps):
            path = search.alive(path)
            if not path:
                break
            path = reached = await search.expand(path, temperature=0.0)
        return reached

    def answer(self, tree: Tree) -> Answer:
        """The newest finished path: what a person's edit led to comes before what it replaced."""
        candidates = tree.candidates()
        return Answer(candidates[-1].index if candidates else None, "last finished")
