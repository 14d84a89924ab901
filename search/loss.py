"""The moment a search lost its last correct path, where a domain's exact truth is known."""

from __future__ import annotations

from collections.abc import Iterable

from search.events import Event
from search.reducer import apply
from search.tree import Node, Tree

_TOUCHED = {"pruned": "nodes", "resampled": "particles"}


def last_correct_path_lost(events: Iterable[Event]) -> int | None:
    """The sequence number of the event after which no right answer can come any more, or None.

    Hope is a leaf that is open, or that ended right, and whose partial solution is `reachable`. None
    too where nothing ever was known to be reachable, or where a person brought hope back.
    """
    tree, hopeful, judged, lost = Tree(), set[int](), False, None
    for event in events:
        apply(tree, event)
        for node in _touched(tree, event):
            judged = judged or node.reachable is True
            if _hopeful(tree, node):
                hopeful.add(node.index)
            else:
                hopeful.discard(node.index)
        if hopeful:
            lost = None
        elif judged and lost is None:
            lost = event.seq
    return lost


def _touched(tree: Tree, event: Event) -> list[Node]:
    if event.kind == "node_added":
        node = tree[event.payload["index"]]
        return [node, *(tree[parent] for parent in node.parents)]
    if event.kind in ("verified", "restored"):
        entries = event.payload["nodes"]
        return [tree[entry[0] if isinstance(entry, list) else entry] for entry in entries]
    if event.kind == "answer":
        return [tree[event.payload["node"]]]
    if event.kind in _TOUCHED:
        return [tree[entry["node"]] for entry in event.payload[_TOUCHED[event.kind]]]
    return []


def _hopeful(tree: Tree, node: Node) -> bool:
    """A node that is not judged yet is as hopeful as the step before it."""
    judged = node if node.reachable is not None or not node.parents else tree[node.parents[0]]
    if node.finish == "end" and node.correct is not None:
        return node.correct and node.status != "pruned"
    return judged.reachable is True and (node.status == "open" or (node.finish == "end" and node.status != "pruned"))
