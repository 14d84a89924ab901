"""Trees of any size that no model grew: journals shaped like a search's, written by the worker's own journal writer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from app.explorer.store.pool import Pool
    from app.worker.journal import JournalWriter

Observed = tuple[str, dict[str, Any]]

WIDTH = 4  # children of one expansion
DEEPEST = 24
BURST = 2_000
# A run like the one given, waiting to be written by `lease`.
_TWIN = """
INSERT INTO explorer_run SELECT (jsonb_populate_record(run, jsonb_build_object(
    'id', %s::uuid, 'state', 'running', 'head_seq', 0, 'nodes', 0, 'chosen', null,
    'lease', %s::uuid, 'lease_until', now() + interval '1 hour'
))).* FROM explorer_run AS run WHERE id = %s
"""


def bushy(nodes: int, seed: int = 1) -> Iterator[Observed]:
    """The observations of a tree that grows where its values are high, as MCTS grows one: many leaves, some deep paths.

    A tenth of the leaves end in answers, one in eight of what is expanded has its worst child pruned.
    """
    rng = random.Random(seed)
    parents, depths, rewards = [-1], [0], [0.5]
    yield "node_added", _node(0, [], 0, "root", "2 3 5 7 11 13 -> 61", None)
    opened = [0]
    while len(parents) < nodes:
        place = int(len(opened) * rng.random() ** 2)  # mostly what was opened early, so that the tree gets wide
        parent = opened[place]
        opened[place] = opened[-1]
        opened.pop()
        children = list(range(len(parents), min(nodes, len(parents) + WIDTH)))
        for child in children:
            ends = depths[parent] > 3 and rng.random() < 0.1
            parents.append(parent)
            depths.append(depths[parent] + 1)
            rewards.append(min(0.999, max(0.001, rewards[parent] + rng.gauss(0, 0.12))))
            text = f"{rng.randint(1, 99)} {rng.choice('+-*/')} {rng.randint(1, 99)} = {rng.randint(1, 999)}"
            text += f" (left: {rng.randint(1, 99)} {rng.randint(1, 99)})"
            yield "node_added", _node(child, [parent], depths[child], "step", text, "end" if ends else "step")
            if not ends and depths[child] < DEEPEST:
                opened.append(child)
        scores = [[child, round(rewards[child], 6)] for child in children]
        yield "scored", {"source": "synthetic", "scores": scores, "drives": True}
        best = max(children, key=lambda child: rewards[child])
        yield "backed_up", {"path": _path(parents, best), "value": round(rewards[best], 6), "rule": "mean"}
        if len(children) == WIDTH and rng.random() < 0.125:
            worst = min(children, key=lambda child: rewards[child])
            score, cutoff = round(rewards[worst], 6), round(sorted(rewards[c] for c in children)[1], 6)
            said = {"rule": "synthetic", "cutoff": cutoff, "of": WIDTH}
            yield "pruned", {**said, "nodes": [{"node": worst, "score": score, "rank": WIDTH}]}
            if worst in opened[-WIDTH:]:
                opened.remove(worst)
    yield "finished", _finished(_path(parents, max(range(len(parents)), key=lambda i: rewards[i]))[::-1])


def chain(nodes: int) -> Iterator[Observed]:
    """The observations of one path, `nodes` deep."""
    for index in range(nodes):
        above = [index - 1] if index else []
        yield "node_added", _node(index, above, index, "step" if index else "root", f"step {index}", "step")
    yield "finished", _finished(list(range(nodes)))


async def begin(connections: Pool, model: UUID) -> tuple[UUID, JournalWriter]:
    """A new run that is else like `model`, and what writes its journal."""
    from app.explorer.store.codec import Packer
    from app.worker.journal import JournalWriter
    from app.worker.lease import Claim
    from search.tree import Tree

    run, lease = uuid4(), uuid4()
    async with connections.connection() as connection:
        await connection.execute(_TWIN, (run, lease, model))
    return run, JournalWriter(connections, Claim(run, lease, "running", 0, 0), Tree(), Packer())


async def store(connections: Pool, model: UUID, observed: Iterator[Observed]) -> UUID:
    """Write the observations as the journal of a new run that is else like `model`; the run's id."""
    run, writer = await begin(connections, model)
    for seq, (kind, payload) in enumerate(observed, 1):
        writer.take(seq, kind, payload)
        if seq % BURST == 0:
            await asyncio.sleep(0)
            await writer.flushed()
    await writer.flushed()
    await writer.end("completed", 0, state="completed", chosen=writer.tree.chosen)
    return run


def _node(index: int, parents: list[int], depth: int, kind: str, text: str, finish: str | None) -> dict[str, Any]:
    return {
        "index": index, "parents": parents, "depth": depth, "kind": kind, "key": str(index), "text": text,
        "tokens": len(text), "finish": finish, "logprob": None if index == 0 else -1.5, "prior": None,
    }  # fmt: skip


def _path(parents: list[int], node: int) -> list[int]:
    """From the node up to the root."""
    path = []
    while node >= 0:
        path.append(node)
        node = parents[node]
    return path


def _finished(path: list[int]) -> dict[str, Any]:
    return {
        "stopped_by": "done", "cap": None, "node": path[-1], "answer": None, "correct": None, "path": path,
        "votes": None, "rule": "synthetic", "revision": 0,
    }  # fmt: skip
