"""Short-m@k: race k paths, stop when the first m have finished, let those m vote.

"Don't Overthink it. Preferring Shorter Thinking Chains for Improved LLM Reasoning" (Hassid et al., 2025): right
chains tend to be short, so the first to finish are better than the rest, and the rest need not be written. With m = 1
this is "First Finish Search: Efficient Test-Time Scaling in Large Language Models" (Agarwal et al., 2025). "First" is
by tokens, never by the clock: the race is decoded in lockstep, and stopped in the engine at the token of the m-th end.
"""

from __future__ import annotations

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params
from search.algorithms.sampling import under_way
from search.gate import Answer
from search.paths import path_tokens
from search.search import Search
from search.selection.majority import first_finished
from search.tree import Node, Tree


class ShortMAtKParams(Params):
    """k, m, and how often people are shown where the race stands."""

    k: int = Field(default=8, ge=1, le=256, description="Paths that race (k).")
    m: int = Field(default=3, ge=1, le=256, description="Finished paths that end the race, and vote (m).")
    chunk: int = Field(
        default=256, ge=1, le=8192, description="Tokens of each path between two looks, where commands take hold."
    )
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class ShortMAtK(Algorithm[ShortMAtKParams]):
    """k race, the first m vote, the rest are aborted."""

    name = "short_m_at_k"
    family = "sampling"
    title = "Short-m@k"
    paper = "Don't Overthink it. Preferring Shorter Thinking Chains for Improved LLM Reasoning"
    summary = (
        "Writes k solutions at once and stops all of them as soon as the m shortest are finished; the commonest answer"
        " of those m wins. What the others would still have written is saved. With m = 1: First Finish Search."
    )
    needs_reward = False
    commands = {
        **ON_COMMANDS,
        "expand": "The new steps join the race; after its end they run a race of their own.",
        "prune": "The path leaves the race at once, and what it was writing is aborted in the engine.",
        "restore": "A path that was halted between two steps runs on; one that the race aborted in mid-step cannot.",
        "edit": "The path runs on from your step, in this race or, after its end, in one of its own.",
    }

    @classmethod
    def params_type(cls) -> type[ShortMAtKParams]:
        """See `ShortMAtKParams`."""
        return ShortMAtKParams

    async def run(self, search: Search) -> None:
        """The race; then one more for what people opened after it."""
        done = len(search.tree.candidates()) if search.going_on else 0
        paths = search.frontier()
        while paths := under_way(search, paths, self.params.max_steps):
            await self._race(search, paths, max(1, self.params.m - done))
            paths, done = [], 0

    async def _race(self, search: Search, racing: list[Node], first: int) -> None:
        p = self.params
        n = p.k if racing == [search.root] else 1
        finished, stopped = 0, racing
        while racing and finished < first:
            reached = await search.decode(racing, n, max_steps=p.max_steps, tokens=p.chunk, first=first - finished)
            finished += sum(node.solved for node in reached)
            stopped = [node for node in reached if node.status == "open" or _aborted(node)]
            racing, n = under_way(search, stopped, p.max_steps), 1
        if finished >= first:
            self._stop(search, stopped)
        winners = first_finished(search.tree, p.m).paths
        search.select(
            [node for node, _ in winners],
            rule="first to finish",
            scores=[length for _, length in winners],
            of=len(search.tree.candidates()),
        )

    def _stop(self, search: Search, losers: list[Node]) -> None:
        """Give up who did not finish in time, and say what that saved: what each was still allowed to write."""
        saved = {node.index: search.allowance(node, self.params.max_steps) for node in losers}
        written = {node.index: path_tokens(search.tree, node) for node in losers}
        search.prune(
            losers,
            rule="not among the first",
            scores=[float(written[node.index]) for node in losers],
            terms={i: {"tokens": written[i], "tokens_saved": saved[i]} for i in saved},
            detail={"tokens_saved": sum(saved.values()), "aborted": sum(map(_aborted, losers))},
        )

    def answer(self, tree: Tree) -> Answer:
        """Most votes among the m shortest; ties to the answer with the shortest path, as in the paper."""
        return first_finished(tree, self.params.m).answer


def _aborted(node: Node) -> bool:
    return node.finish == "aborted" and node.status != "pruned"
