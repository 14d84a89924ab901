"""How new nodes enter the tree: sampled children and a person's steps, verified as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from search.asked import Asked
from search.budget import Grant
from search.creation_keys import Bond, child_keys
from search.effects import Ask, Effects
from search.events import Payload
from search.tree import Node
from search.verdicts import verify


class Wanted(NamedTuple):
    """`n` children of `node`, `also` being further parents of each; `asked`: what they answer, if they do not go on."""

    node: Node
    n: int
    also: tuple[Node, ...] = ()
    asked: Asked | None = None

    @property
    def possible(self) -> bool:
        """True if such children may come: what goes on needs an open end, what is asked for its material."""
        if self.asked is None:
            return self.node.expandable
        return all(node.status != "pruned" for node in (self.node, *self.also))


async def grow(
    effects: Effects,
    wanted: Sequence[Wanted],
    grant: Grant,
    *,
    kind: str = "step",
    temperature: float | None = None,
    by: str | None = None,
) -> list[Node]:
    """Sample children and add them, node-major in issue order; all of them go on from their parents, or none does.

    Children asked for by a person carry `by` and keys of their own, so that they shift nobody's seed.
    """
    keys = child_keys([(ask.node, ask.n) for ask in wanted], "h" if by is not None else "", _bond(wanted[0].asked))
    asks = [Ask(ask.node, ask.n, own, asked=ask.asked) for ask, own in zip(wanted, keys, strict=True)]
    merges = any(ask.also for ask in wanted)
    samples = await effects.generate(asks, grant, purpose="expand", temperature=temperature, merges=merges)
    ledger, drawn = effects.ledger, iter(samples)
    for ask, own, n in zip(wanted, keys, grant.counts, strict=True):
        parents = [ask.node, *(node for node in ask.also if node is not ask.node)]
        indices, depth = [node.index for node in parents], 1 + max([node.depth for node in parents])
        note = ask.asked is not None and ask.asked.note
        for key in own[:n]:
            sample = next(drawn)
            finish, logprobs = sample["finish"], sample["logprobs"]
            payload: Payload = {
                "index": sample["node"],
                "parents": indices.copy(),
                "depth": depth,
                "kind": "answer" if kind == "step" and finish == "end" else kind,
                "key": key,
                "text": sample["text"],
                "tokens": sample["tokens"],
                # A note ends no solution; one that ran into its cap is read as far as it goes.
                "finish": "step" if note and finish in ("end", "length") else finish,
                "logprob": sum(logprobs) if logprobs or not sample["tokens"] else None,
                "prior": None,
            }
            if ask.asked is not None:
                payload["asked"] = ask.asked.as_dict()
            if by is not None:
                payload["by"] = by
            ledger.observe("node_added", payload)
    children = [ledger.tree[sample["node"]] for sample in samples]
    await verify(effects, children)
    effects.ledger.observe_budget()
    return children


def _bond(asked: Asked | None) -> Bond:
    return "." if asked is None else ":" if asked.note else "/"


async def write_step(effects: Effects, edited: Node, text: str, by: str) -> Node:
    """A person's step beside `edited`, which stays as it was. Finished if the domain says that it ends the solution."""
    tree, truth = effects.ledger.tree, effects.setting.truth
    parent = tree[edited.parents[0]]
    steps = (text,) if edited.asked is not None else tree.steps(parent, [text])
    ends = not edited.note and truth is not None and truth.completes(steps)
    payload: Payload = {
        "index": len(tree),
        "parents": list(edited.parents),
        "depth": edited.depth,
        "kind": "human",
        "key": f"{parent.key}{_bond(edited.asked)}h{parent.human}",
        "text": text,
        "tokens": 0,
        "finish": "end" if ends else None,
        "logprob": None,
        "prior": None,
        "by": by,
        "edit_of": edited.index,
    }
    if edited.asked is not None:
        payload["asked"] = edited.asked.as_dict()
    effects.ledger.observe("node_added", payload)
    node = tree.nodes[-1]
    await verify(effects, [node])
    effects.ledger.observe_budget()
    return node
