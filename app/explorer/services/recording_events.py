"""From a program's operations to the events of a journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.config.problems import Invalid
from app.explorer.recording_schemas import Add, BackUp, Decide, Finish, Operation, Score
from search.events import Event, Payload
from search.reducer import apply
from search.tree import Tree


def events_of(tree: Tree, operations: Sequence[Operation], driver: str | None) -> list[Event]:
    """The events, already folded into `tree`. `driver` is the reward that drives the search: the first, if None.

    Raises:
        Invalid: an operation about a node there is not; `tree` is then spoiled.
    """
    events: list[Event] = []
    for number, operation in enumerate(operations):
        for kind, payload in _observations(tree, operation, f"operations.{number}", driver):
            event = Event(tree.head_seq + 1, kind, payload)
            apply(tree, event)
            events.append(event)
    return events


def _observations(tree: Tree, operation: Operation, where: str, driver: str | None) -> Iterator[tuple[str, Payload]]:
    if isinstance(operation, Add):
        yield from _added(tree, operation, where, driver)
    elif isinstance(operation, Score):
        _check(tree, operation.node, f"{where}.node")
        yield from _scored(operation.node, operation.rewards, driver)
    elif isinstance(operation, Decide):
        yield _decided(tree, operation, where)
    elif isinstance(operation, BackUp):
        _check(tree, operation.node, f"{where}.node")
        yield "backed_up", {"path": _up(tree, operation.node), "value": operation.value, "rule": "mean"}
    else:
        yield from _finished(tree, operation, where)


def _added(tree: Tree, add: Add, where: str, driver: str | None) -> Iterator[tuple[str, Payload]]:
    if add.node != len(tree):
        raise Invalid.field(f"{where}.node", f"is {add.node}, where {len(tree)} comes next", "number nodes from 1")
    _check(tree, add.parent, f"{where}.parent")
    parent = tree[add.parent]
    yield "node_added", {
        "index": add.node, "parents": [add.parent], "depth": parent.depth + 1, "kind": add.kind,
        "key": f"{parent.key}.{parent.sampled}", "text": add.text, "tokens": add.tokens,
        "finish": "end" if add.ended else "step", "logprob": None, "prior": None,
    }  # fmt: skip
    yield from _scored(add.node, add.rewards, driver)
    if add.answer is not None or add.correct is not None:
        yield "answer", {"node": add.node, "answer": add.answer, "canonical": None, "correct": add.correct}


def _scored(node: int, rewards: dict[str, float], driver: str | None) -> Iterator[tuple[str, Payload]]:
    for number, (source, score) in enumerate(rewards.items()):
        drives = source == driver if driver is not None else number == 0
        yield "scored", {"source": source, "scores": [[node, score]], "drives": drives}


def _decided(tree: Tree, decide: Decide, where: str) -> tuple[str, Payload]:
    for number, (node, _) in enumerate(decide.nodes):
        _check(tree, node, f"{where}.nodes.{number}")
        if node == 0:
            raise Invalid.field(f"{where}.nodes.{number}", "node 0 is the problem itself")
    of = max(decide.of or 0, len(decide.nodes))
    first = of - len(decide.nodes) + 1 if decide.op == "prune" else 1
    entries = [{"node": node, "score": score, "rank": rank} for rank, (node, score) in enumerate(decide.nodes, first)]
    kind = "pruned" if decide.op == "prune" else "selected"
    return kind, {"rule": decide.rule, "cutoff": decide.cutoff, "of": of, "nodes": entries}


def _finished(tree: Tree, finish: Finish, where: str) -> Iterator[tuple[str, Payload]]:
    if finish.error is not None:
        return
    node, answer, correct = finish.node, finish.answer, finish.correct
    if node is not None:
        _check(tree, node, f"{where}.node")
        leaf = tree[node]
        answer = leaf.answer if answer is None else answer
        correct = leaf.correct if correct is None else correct
    yield "finished", {
        "stopped_by": "completed", "node": node, "answer": answer, "correct": correct,
        "path": [] if node is None else _up(tree, node)[::-1], "rule": "recorded", "revision": 0,
    }  # fmt: skip


def _up(tree: Tree, node: int) -> list[int]:
    """From the node to the problem."""
    path = [node]
    while parents := tree[path[-1]].parents:
        path.append(parents[0])
    return path


def _check(tree: Tree, node: int, where: str) -> None:
    if node >= len(tree):
        raise Invalid.field(where, f"there is no node {node}; the tree has {len(tree)}, numbered from 0")
