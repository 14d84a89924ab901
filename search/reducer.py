"""The one reducer: folds a journal's events into a tree. Its twin in TypeScript is checked on the same fixtures.

`Search` applies its own events through this reducer too, so a live tree and a folded one cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from search.asked import Asked
from search.creation_keys import by_hand
from search.events import Event, Payload
from search.tree import Node, Tree


def fold(events: Iterable[Event]) -> Tree:
    """The tree after all `events`, which start at sequence number 1. Unknown kinds are skipped."""
    tree = Tree()
    for event in events:
        apply(tree, event)
    return tree


def apply(tree: Tree, event: Event) -> None:
    """Take one event into the tree."""
    handler = _HANDLERS.get(event.kind)
    if handler is not None:
        handler(tree, event.payload, event.seq)
    tree.head_seq = event.seq


def _generate(tree: Tree, payload: Payload, seq: int) -> None:
    counters = tree.counters
    rollout, drafted = payload["purpose"] == "rollout", payload.get("writer") == "draft"
    for request in payload["requests"]:
        counters.prompt_tokens += request["prompt_tokens"]
        if rollout:
            tree[request["node"]].rolled += request["n"]
    for sample in payload["samples"]:
        counters.tokens += sample["tokens"]
        counters.draft_tokens += sample["tokens"] if drafted else 0
        counters.policy_calls += not sample.get("part")  # a path of several steps is one completion
        if sample["node"] is not None:
            tree.unborn[sample["node"]] = (
                tuple(sample["token_ids"]),
                tuple(sample["logprobs"]),
                sample.get("certainty"),
            )


def _score(tree: Tree, payload: Payload, seq: int) -> None:
    tree.counters.reward_calls += payload["calls"]


def _human(tree: Tree, payload: Payload, seq: int) -> None:
    if payload["command"] == "hint":
        tree.hints.setdefault(payload["node"], []).append(payload["text"])


def _node_added(tree: Tree, payload: Payload, seq: int) -> None:
    index = payload["index"]
    token_ids, logprobs, certainty = tree.unborn.pop(index, ((), (), None))
    node = Node(
        index=index,
        parents=tuple(payload["parents"]),
        depth=payload["depth"],
        kind=payload["kind"],
        key=payload["key"],
        text=payload["text"],
        tokens=payload["tokens"],
        finish=payload["finish"],
        logprob=payload["logprob"],
        prior=payload["prior"],
        by=payload.get("by"),
        token_ids=token_ids,
        logprobs=logprobs,
        certainty=certainty,
        asked=Asked.of(payload.get("asked")),
    )
    if node.parents and node.asked is None and tree[node.parents[0]].mid_step:
        node.step = tree[node.parents[0]].step + node.text
    node.status = node.unpruned_status()
    tree.nodes.append(node)
    for parent in map(tree.nodes.__getitem__, node.parents):
        parent.below.append(node)
        if parent.status == "open":
            parent.status = "expanded"
    if node.parents:
        first = tree.nodes[node.parents[0]]
        if by_hand(node.key):
            first.human += 1
        else:
            first.sampled += 1
    if node.finish == "end":
        tree.solutions.append(index)
    if node.by is not None:
        tree.by_hand.append(index)
    if payload.get("edit_of") is not None:
        tree.edits.append((payload["edit_of"], index))


def _prior(tree: Tree, payload: Payload, seq: int) -> None:
    for index, prior in payload["priors"]:
        tree[index].prior = prior


def _scored(tree: Tree, payload: Payload, seq: int) -> None:
    for index, score in payload["scores"]:
        node = tree[index]
        node.rewards[payload["source"]] = score
        if payload["drives"]:
            node.reward = score


def _backed_up(tree: Tree, payload: Payload, seq: int) -> None:
    value, best = payload["value"], payload["rule"] == "max"
    for node in map(tree.nodes.__getitem__, payload["path"]):
        node.visits += 1
        former = node.value
        if former is None:
            node.value = value
        else:
            node.value = max(former, value) if best else former + (value - former) / node.visits


def _decide(tree: Tree, payload: Payload, seq: int, outcome: str) -> None:
    nodes = tree.nodes
    said = {
        "outcome": outcome,
        "rule": payload["rule"],
        "score": None,
        "cutoff": payload["cutoff"],
        "rank": None,
        "of": payload["of"],
        "by": payload.get("by"),
        "seq": seq,
    }
    for entry in payload["nodes"]:
        nodes[entry["node"]].decided = said, entry


def _pruned(tree: Tree, payload: Payload, seq: int) -> None:
    for entry in payload["nodes"]:
        tree[entry["node"]].status = "pruned"
    _decide(tree, payload, seq, "pruned")


def _selected(tree: Tree, payload: Payload, seq: int) -> None:
    _decide(tree, payload, seq, "kept")


def _restored(tree: Tree, payload: Payload, seq: int) -> None:
    for node in map(tree.nodes.__getitem__, payload["nodes"]):
        node.status = node.unpruned_status()
        node.decided = None
        tree.by_hand.append(node.index)


def _resampled(tree: Tree, payload: Payload, seq: int) -> None:
    said = {
        "outcome": "resampled",
        "rule": payload["scheme"],
        "score": None,
        "cutoff": None,
        "of": len(payload["particles"]),
        "ess": payload["ess"],
        "seq": seq,
    }
    for particle in payload["particles"]:
        node = tree[particle["node"]]
        node.weight = particle["weight"]
        if particle["offspring"] == 0:
            node.status = "pruned"
            node.decided = said, {"score": particle["weight"]}


def _verified(tree: Tree, payload: Payload, seq: int) -> None:
    for index, reachable in payload["nodes"]:
        tree[index].reachable = reachable


def _answer(tree: Tree, payload: Payload, seq: int) -> None:
    node = tree[payload["node"]]
    node.answer, node.canonical, node.correct = payload["answer"], payload["canonical"], payload["correct"]


def _budget(tree: Tree, payload: Payload, seq: int) -> None:
    tree.budget = payload


def _finished(tree: Tree, payload: Payload, seq: int) -> None:
    if tree.chosen and tree[tree.chosen[-1]].status == "selected":
        former = tree[tree.chosen[-1]]
        former.status = former.unpruned_status()
    tree.finished, tree.chosen = payload, list(payload["path"])
    if tree.chosen:
        tree[tree.chosen[-1]].status = "selected"


_HANDLERS: dict[str, Callable[[Tree, Payload, int], Any]] = {
    "generate": _generate,
    "score": _score,
    "human": _human,
    "node_added": _node_added,
    "prior": _prior,
    "scored": _scored,
    "backed_up": _backed_up,
    "pruned": _pruned,
    "selected": _selected,
    "restored": _restored,
    "resampled": _resampled,
    "verified": _verified,
    "answer": _answer,
    "budget": _budget,
    "finished": _finished,
}
