"""How new nodes enter the tree: sampled children and a person's steps, verified as they come."""

from __future__ import annotations

from collections.abc import Sequence

from search.budget import Grant
from search.creation_keys import child_keys
from search.effects import Ask, Effects
from search.events import Payload
from search.tree import Node


async def grow(
    effects: Effects,
    asks: Sequence[tuple[Node, int]],
    grant: Grant,
    *,
    kind: str = "step",
    temperature: float | None = None,
    also: Sequence[Node] = (),
    by: str | None = None,
) -> list[Node]:
    """Sample children and add them, node-major in issue order; `also` are further parents of every child.

    Children asked for by a person carry `by` and keys of their own, so that they shift nobody's seed.
    """
    keys = child_keys(asks, "h" if by is not None else "")
    requests = [Ask(node, n, own) for (node, n), own in zip(asks, keys, strict=True)]
    samples = await effects.generate(requests, grant, purpose="expand", temperature=temperature, merges=bool(also))
    parents = [(ask.node, key) for ask, n in zip(requests, grant.counts, strict=True) for key in ask.keys[:n]]
    tree = effects.ledger.tree
    children = []
    for sample, (parent, key) in zip(samples, parents, strict=True):
        merged = [node for node in also if node is not parent]
        payload: Payload = {
            "index": sample["node"],
            "parents": [parent.index, *(node.index for node in merged)],
            "depth": 1 + max(node.depth for node in (parent, *merged)),
            "kind": "answer" if kind == "step" and sample["finish"] == "end" else kind,
            "key": key,
            "text": sample["text"],
            "tokens": sample["tokens"],
            "finish": sample["finish"],
            "logprob": sum(sample["logprobs"]) if sample["logprobs"] or not sample["tokens"] else None,
            "prior": None,
        }
        if by is not None:
            payload["by"] = by
        effects.ledger.observe("node_added", payload)
        children.append(tree[sample["node"]])
    await effects.verify(children)
    effects.ledger.observe_budget()
    return children


async def write_step(effects: Effects, edited: Node, text: str, by: str) -> Node:
    """A person's step beside `edited`, which stays as it was. Finished if the domain says that it ends the solution."""
    tree, truth = effects.ledger.tree, effects.setting.truth
    parent = tree[edited.parents[0]]
    ends = truth is not None and truth.completes(tree.steps(parent, [text]))
    effects.ledger.observe(
        "node_added",
        {
            "index": len(tree),
            "parents": list(edited.parents),
            "depth": edited.depth,
            "kind": "human",
            "key": f"{parent.key}.h{parent.human}",
            "text": text,
            "tokens": 0,
            "finish": "end" if ends else None,
            "logprob": None,
            "prior": None,
            "by": by,
            "edit_of": edited.index,
        },
    )
    node = tree.nodes[-1]
    await effects.verify([node])
    effects.ledger.observe_budget()
    return node
