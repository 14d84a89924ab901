"""Independent sampling: N whole paths, grown in step so that one batch serves them all and a person can steer each.

Nobody looks at such a path before its end: of a policy that likes to be asked for more at once than a step, it is asked
for in pieces. Either way a person's commands take hold in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from search.search import Search
from search.selection.base import Selection
from search.tree import Node


async def sample_paths(search: Search, n: int, max_steps: int, *, score: bool) -> None:
    """Grow `n` paths from the root (or every open path of a grown tree) to their ends; score the finished ones."""
    paths = search.alive(search.frontier())
    await continue_paths(search, paths, max_steps, n=n if paths == [search.root] else 1, score=score)


async def continue_paths(search: Search, paths: Sequence[Node], max_steps: int, *, n: int = 1, score: bool) -> None:
    """Grow paths to their ends by at most `max_steps` steps, `n` from each at the first; score the finished ones.

    A finished path is one reward call, which also scores the steps before its last.
    """
    if search.piece_tokens is not None:
        await in_pieces(search, paths, max_steps, search.piece_tokens, n=n, score=score)
        return
    for step in range(max_steps):
        paths = search.alive(paths)
        if not paths:
            return
        paths = await search.expand(paths, n if step == 0 else 1)
        if score:
            await search.score([path for path in paths if path.solved])


async def in_pieces(
    search: Search,
    paths: Sequence[Node],
    max_steps: int,
    tokens: int,
    *,
    n: int = 1,
    score: bool = False,
    temperature: float | None = None,
) -> list[Node]:
    """So many tokens of every path at a time, across the ends of its steps; where the paths ended, as they did."""
    ended: list[Node] = []
    while paths := under_way(search, paths, max_steps):
        paths = await search.decode(paths, n, max_steps=max_steps, tokens=tokens, temperature=temperature)
        n = 1
        ended += [path for path in paths if not path.expandable or search.allowance(path, max_steps) <= 0]
        if score:
            await search.score([path for path in paths if path.solved])
    return ended


async def finish_paths(search: Search, begun: Sequence[Node], max_steps: int, *, score: bool) -> None:
    """Grow solutions that have their first step to their ends, of at most `max_steps` steps, as `continue_paths`."""
    if score:
        await search.score([path for path in begun if path.solved])
    further = max_steps - 1 if search.piece_tokens is None else max_steps
    await continue_paths(search, begun, further, score=score)


def under_way(search: Search, paths: Sequence[Node], max_steps: int) -> list[Node]:
    """Those of decoded paths that can run on, after a person's hand."""
    return [node for node in search.alive(paths) if search.allowance(node, max_steps) > 0]


def show(search: Search, selection: Selection) -> None:
    """Say how a rule ranked the paths, and what else it went by."""
    nodes, scores = [node for node, _ in selection.paths], [score for _, score in selection.paths]
    search.select(nodes, rule=selection.answer.rule, scores=scores, detail=selection.detail or None)
