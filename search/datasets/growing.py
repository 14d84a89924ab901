"""From a tree that came out of a file to the journal that grows it, so that every page can show it like any run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from search.datasets.records import LabelledPath, LabelledTree, Rating, Round, StepPreference, TreeNode
from search.events import Event, Payload

CHUNK = 500
"""Nodes per `scored` event: a reader never waits for one event of a hundred thousand nodes."""


def events_of(tree: LabelledTree) -> Iterator[Event]:
    """Nodes as they stand when a decision is made, their rewards, the decision; at the end what the tree answered."""
    for seq, (kind, payload) in enumerate(_observations(tree), start=1):
        yield Event(seq, kind, payload)


def _observations(tree: LabelledTree) -> Iterator[tuple[str, Payload]]:
    keys, depths, born = ["0"], [0], [0] * len(tree.nodes)
    grown = 0
    for made in [*sorted(tree.rounds, key=lambda made: made.size), None]:
        size = len(tree.nodes) if made is None else made.size
        for begin in range(grown, size, CHUNK):
            span = range(begin, min(size, begin + CHUNK))
            for index in span:
                yield "node_added", _added(tree.nodes[index], index, keys, depths, born)
            yield from _said(tree, span)
        grown = max(grown, size)
        if made is not None:
            yield from _decided(made)
    if tree.chosen is not None:
        leaf = tree.nodes[tree.chosen]
        yield "finished", {
            "stopped_by": "completed", "node": tree.chosen, "answer": leaf.answer, "correct": leaf.correct,
            "path": tree.path(tree.chosen), "rule": "imported", "revision": 0,
        }  # fmt: skip


def _added(node: TreeNode, index: int, keys: list[str], depths: list[int], born: list[int]) -> Payload:
    parent = node.parent
    if parent is not None:
        keys.append(f"{keys[parent]}.{born[parent]}")
        depths.append(depths[parent] + 1)
        born[parent] += 1
    return {
        "index": index, "parents": [] if parent is None else [parent], "depth": depths[index],
        "kind": "root" if parent is None else node.kind, "key": keys[index], "text": node.text, "tokens": 0,
        "finish": None if parent is None else "end" if node.ended else "step", "logprob": None, "prior": None,
    }  # fmt: skip


def _said(tree: LabelledTree, span: range) -> Iterator[tuple[str, Payload]]:
    scores: dict[str, list[list[Any]]] = {}
    for index in span:
        for source, score in tree.nodes[index].rewards.items():
            scores.setdefault(source, []).append([index, score])
    for number, (source, pairs) in enumerate(scores.items()):
        yield "scored", {"source": source, "scores": pairs, "drives": number == 0}
    for index in span:
        node = tree.nodes[index]
        if index and (node.answer is not None or node.correct is not None):
            said = {"node": index, "answer": node.answer, "canonical": None, "correct": node.correct}
            yield "answer", said


def _decided(made: Round) -> Iterator[tuple[str, Payload]]:
    of = len(made.kept) + len(made.pruned)
    for kind, pairs, first in (("selected", made.kept, 1), ("pruned", made.pruned, len(made.kept) + 1)):
        if pairs:
            entries = [{"node": node, "score": score, "rank": rank} for rank, (node, score) in enumerate(pairs, first)]
            yield kind, {"rule": made.rule, "cutoff": made.cutoff, "of": of, "nodes": entries}


class PathMerger:
    """The labelled paths and preferences of one problem as one tree: paths that begin alike share their beginning."""

    def __init__(self, prompt: str, answer: str | None = None) -> None:
        self.tree = LabelledTree([TreeNode(prompt, None, "root")], answer)
        self._children: dict[tuple[int, str], int] = {}

    def add_path(self, path: LabelledPath) -> dict[int, Rating]:
        """Walk the path, growing what is new; the nodes it marks. A step's second, other rating is left out."""
        node = 0
        marks: dict[int, Rating] = {}
        for at, (text, rating) in enumerate(zip(path.steps, path.ratings, strict=True)):
            node = self._child(node, text)
            value = path.values[at] if at < len(path.values) else None
            if value is not None:
                self.tree.nodes[node].rewards.setdefault("mc", value)
            if rating is not None:
                marks[node] = rating
        right = path.fields.get("final_answer_correct")
        if node and isinstance(right, bool):
            self.tree.nodes[node].ended, self.tree.nodes[node].correct = True, right
        return marks

    def add_preference(self, preference: StepPreference) -> tuple[int, int]:
        """The two steps as siblings, of which a decision kept one: the chosen node, the rejected one."""
        node = 0
        for text in preference.steps:
            node = self._child(node, text)
        chosen, rejected = self._child(node, preference.chosen), self._child(node, preference.rejected)
        made = Round(len(self.tree.nodes), "preference", ((chosen, None),), ((rejected, None),))
        self.tree.rounds.append(made)
        return chosen, rejected

    def _child(self, node: int, text: str) -> int:
        found = self._children.get((node, text))
        if found is None:
            found = self._children[(node, text)] = self.tree.add(node, text)
        return found
