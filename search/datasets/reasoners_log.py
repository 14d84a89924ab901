"""The log of llm-reasoners' visualiser: snapshots of a tree, one per iteration of the search.

Hao et al., "LLM Reasoners: New Evaluation, Library, and Analysis of Step-by-Step Reasoning with Large Language
Models", 2024. A snapshot is `{nodes: {id: {id, data, selected_edge}}, edges: {id: {id, source, target, data}}}`; a log
is `{"logs": [snapshot, …]}`, or the snapshots alone. What is new in a snapshot was added in its iteration; the selected
edges from the root are what the iteration went along. Numbers among an edge's or a node's data become rewards, texts
the step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import IO, Any

from search.datasets import MalformedRecord
from search.datasets.checks import object_of
from search.datasets.records import LabelledTree, Neutral, Origin, Record, Round, TreeNode
from search.datasets.values import Bad, json_values

NAME = "reasoners_log"
RULE = "llm-reasoners"
UNSAID = "(the log does not say the problem)"


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    logs = record.get("logs")
    snapshot = logs[0] if isinstance(logs, list) and logs and isinstance(logs[0], dict) else record
    return isinstance(snapshot.get("nodes"), dict) and isinstance(snapshot.get("edges"), dict)


def read(stream: IO[bytes], bad: Bad | None = None) -> Iterator[tuple[int, LabelledTree]]:
    """The logs of a file, each with the line it begins in.

    Snapshots that stand alone belong to one log as long as each holds the nodes of the last.

    Raises:
        MalformedRecord: the first log that cannot be read, unless `bad` takes them.
    """
    growing: _Growing | None = None
    begun = 0
    for line, value in json_values(stream, bad):
        try:
            if not isinstance(value, dict):
                raise MalformedRecord(line, "line", "is not an object", "each record is a log or a snapshot: {…}")
            if "logs" in value:
                yield line, parse(value, line)
                continue
            if growing is not None and not growing.goes_on_in(value):
                yield begun, growing.tree
                growing = None
            if growing is None:
                begun, growing = line, _Growing()
            growing.take(value, "", line)
        except MalformedRecord as error:
            if bad is None:
                raise
            bad(error)
            growing = None
    if growing is not None:
        yield begun, growing.tree


def parse(record: dict[str, Any], line: int) -> LabelledTree:
    """One log of several snapshots."""
    logs = record.get("logs")
    if not isinstance(logs, list) or not logs or not all(isinstance(snapshot, dict) for snapshot in logs):
        raise MalformedRecord(line, "logs", "must be a list of at least one snapshot")
    growing = _Growing()
    for number, snapshot in enumerate(logs):
        growing.take(snapshot, f"logs.{number}.", line)
    problem = record.get("problem")
    if isinstance(problem, str) and problem.strip():
        growing.tree.nodes[0].text = problem
    return growing.tree


class _Growing:
    """A log as far as it is read: the tree, and the nodes' ids in it."""

    def __init__(self) -> None:
        self.tree = LabelledTree([], origin=Origin("model", NAME))
        self._known: dict[str, int] = {}

    def goes_on_in(self, snapshot: dict[str, Any]) -> bool:
        nodes = snapshot.get("nodes")
        return isinstance(nodes, dict) and self._known.keys() <= {str(key) for key in nodes}

    def take(self, snapshot: dict[str, Any], where: str, line: int) -> None:
        _snapshot(self.tree, self._known, snapshot, where, line)


def _snapshot(tree: LabelledTree, known: dict[str, int], snapshot: dict[str, Any], where: str, line: int) -> None:
    nodes = _items(snapshot, "nodes", where, line)
    edges = _items(snapshot, "edges", where, line)
    incoming: dict[str, tuple[str, dict[str, Any]]] = {}
    below: dict[str, list[str]] = {}
    for key, edge in edges.items():
        source, target = str(edge.get("source")), str(edge.get("target"))
        for end, name in ((source, "source"), (target, "target")):
            if end not in nodes:
                raise MalformedRecord(line, f"{where}edges.{key}.{name}", f"there is no node {end}")
        if target in incoming:
            raise MalformedRecord(line, f"{where}edges.{key}.target", f"node {target} has two parents")
        incoming[target] = (source, edge)
        below.setdefault(source, []).append(target)
    roots = [key for key in nodes if key not in incoming]
    if len(roots) != 1:
        wrong = "has no root: its edges form a cycle" if not roots else f"has {len(roots)} roots; a tree has one"
        raise MalformedRecord(line, f"{where}nodes", wrong)
    order, seen = [roots[0]], 0
    while seen < len(order):
        order += below.get(order[seen], [])
        seen += 1
    if len(order) != len(nodes):
        left = next(key for key in nodes if key not in set(order))
        raise MalformedRecord(line, f"{where}nodes.{left}", "cannot be reached from the root: its edges form a cycle")
    if known and roots[0] not in known:
        raise MalformedRecord(line, f"{where}nodes.{roots[0]}", "is the root here, but was not in the tree before")
    for key in order:
        above = incoming.get(key)
        if key not in known:
            known[key] = len(tree.nodes)
            parent = None if above is None else known[above[0]]
            tree.nodes.append(TreeNode("", parent, "root" if parent is None else "step"))
        node = tree.nodes[known[key]]
        node.text, node.rewards, node.fields = _content(nodes[key], None if above is None else above[1])
    _selected(tree, known, nodes, edges, roots[0])


def _items(snapshot: dict[str, Any], name: str, where: str, line: int) -> dict[str, dict[str, Any]]:
    items = object_of(snapshot, name, line, path=where)
    found: dict[str, dict[str, Any]] = {}
    for key, item in items.items():
        if not isinstance(item, dict):
            raise MalformedRecord(line, f"{where}{name}.{key}", "must be an object")
        own = str(item.get("id", key))
        if own in found:
            raise MalformedRecord(line, f"{where}{name}.{key}.id", f"{own} is there twice", "ids are unique")
        found[own] = item
    return found


def _content(node: dict[str, Any], edge: dict[str, Any] | None) -> tuple[str, dict[str, float], dict[str, Any]]:
    """Text, rewards and the data as they were; an edge's numbers go before a node's of the same name."""
    own = node.get("data") if isinstance(node.get("data"), dict) else {}
    upon = edge.get("data") if edge is not None and isinstance(edge.get("data"), dict) else {}
    assert own is not None
    assert upon is not None
    rewards: dict[str, float] = {}
    for name, value in (own | upon).items():
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            rewards[name] = float(value)
    words = [(name, value) for name, value in (own | upon).items() if isinstance(value, str) and value.strip()]
    text = words[0][1] if len(words) == 1 else "\n".join(f"{name}: {value}" for name, value in words)
    return text or (UNSAID if edge is None else "(no text)"), rewards, {"node": own, "edge": upon}


def _selected(
    tree: LabelledTree, known: dict[str, int], nodes: dict[str, Any], edges: dict[str, Any], root: str
) -> None:
    """The path along the selected edges is what this iteration kept."""
    path: list[int] = []
    at = root
    while (chosen := nodes[at].get("selected_edge")) is not None and str(chosen) in edges and len(path) < len(nodes):
        edge = edges[str(chosen)]
        if str(edge.get("source")) != at:
            break
        at = str(edge.get("target"))
        path.append(known[at])
    if path:
        scores = [next(iter(tree.nodes[index].rewards.values()), None) for index in path]
        tree.rounds.append(Round(len(tree.nodes), RULE, tuple(zip(path, scores, strict=True)), ()))
        tree.chosen = path[-1]


def unparse(tree: Record, neutral: Neutral) -> dict[str, Any]:
    """A log of one snapshot, with the edges to the chosen leaf selected."""
    assert isinstance(tree, LabelledTree)
    taken = set(tree.path(tree.chosen)) if tree.chosen is not None else set()
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[str, dict[str, Any]] = {}
    for index, node in enumerate(tree.nodes):
        nodes[str(index)] = {"id": index, "data": {"text": node.text, **node.rewards}, "selected_edge": None}
        if node.parent is not None:
            edge = len(edges)
            edges[str(edge)] = {"id": edge, "source": node.parent, "target": index, "data": {}}
            if index in taken:
                nodes[str(node.parent)]["selected_edge"] = edge
    return {"logs": [{"nodes": nodes, "edges": edges}], "problem": tree.prompt}
