"""The open list of the best-first searches: nodes that wait, by priority, with a person's hand on it."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable

from search.search import Search
from search.tree import Node


class OpenList:
    """Highest priority first, ties to the older node (to 9 decimals, as replay compares).

    A person comes before any priority: what they wrote, asked for or restored is taken next. A node below a step that
    was edited is replaced by the person's step, and a pruned one is passed over.
    """

    def __init__(self, search: Search, priority: Callable[[Node], float]) -> None:
        self._search = search
        self._priority = priority
        self._waiting: dict[int, Node] = {}
        self._order: list[tuple[float, int]] = []  # (priority, −index), ascending; may name nodes that wait no more
        self._urgent: list[Node] = []
        self._hands = (len(search.tree.by_hand), len(search.tree.edits))

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, nodes: Iterable[Node]) -> None:
        """Let nodes wait; what can neither be continued nor is an answer is left out."""
        for node in nodes:
            if node.expandable or node.solved:
                self._waiting[node.index] = node
                insort(self._order, (round(self._priority(node), 9), -node.index))

    def take(self) -> Node | None:
        """The next node, which waits no more; None if none waits."""
        self._attend()
        while self._urgent or self._order:
            index = self._urgent.pop(0).index if self._urgent else -self._order.pop()[1]
            node = self._waiting.pop(index, None)
            if node is not None and (node.expandable or node.solved):
                return node
        return None

    def head(self, most: int) -> list[list[float]]:
        """The first `most` that wait, as [index, priority]: what would be taken next if nothing joined."""
        first: dict[int, float] = {}
        for priority, mirrored in reversed(self._order):
            if len(first) == most:
                break
            if -mirrored in self._waiting and self._waiting[-mirrored].status != "pruned":
                first[-mirrored] = priority
        return [[index, priority] for index, priority in first.items()]

    def _attend(self) -> None:
        """Take in what a person did since the last look; costs nothing while nobody does anything."""
        tree = self._search.tree
        hands = (len(tree.by_hand), len(tree.edits))
        if hands == self._hands:
            return
        touched = dict.fromkeys(tree.by_hand[self._hands[0] :])
        alive = self._search.alive(list(self._waiting.values()), finished=True)
        self._waiting = {node.index: node for node in alive}
        self._urgent += [node for node in self._waiting.values() if node.index in touched]
        self._hands = hands
