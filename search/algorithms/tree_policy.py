"""Tree policies of Monte Carlo tree search: which leaf the next simulation goes to.

UCT: "Bandit based Monte-Carlo Planning" (Kocsis and Szepesvári, 2006). PUCT: "Mastering Chess and Shogi by Self-Play
with a General Reinforcement Learning Algorithm" (Silver et al., 2017), with its exploration rate c(s). Both descend
from the root. The global frontier of "DeepSearch: Overcome the Bottleneck of Reinforcement Learning with Verifiable
Rewards via Monte Carlo Tree Search" (Wu et al., 2025) compares all leaves of the tree at once.
"""

from __future__ import annotations

import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from search.decisions import Terms
from search.tree import Node, Tree

CONTINUED = ("expanded", "open")

Taken = tuple[Node, float, float, int]
"""A child with its Q, its U and its n."""

Pending = Mapping[int, int]
"""Virtual loss: visits of value 0 that nodes count while a leaf below them waits for its value."""

NOTHING_PENDING: Pending = {}


class Walk(NamedTuple):
    """One simulation's way from the root to a leaf, and the numbers that decided it as `Search.select` takes them."""

    path: list[Node]
    detail: dict[str, Any] | None = None
    scores: list[float | None] | None = None
    terms: Terms | None = None


class TreePolicy(Protocol):
    """Chooses leaves and is told what became of them."""

    rule: str

    def walk(self, tree: Tree, pending: Pending) -> Walk | None:
        """The next simulation's way; None if there is nowhere to go."""
        ...

    def learn(self, tree: Tree, changed: Iterable[Node]) -> None:
        """These nodes are new, or they and all above them have new values."""
        ...


class Descent(ABC):
    """From the root, at each node the child of highest Q + U, down to a node never visited or without living children.

    N, n and Q count pending visits as visits of value 0. Ties go to the older child.
    """

    rule: str

    def walk(self, tree: Tree, pending: Pending) -> Walk | None:
        """`detail.steps` names each taken node with its Q, U, n and prior."""
        node = tree.root
        path: list[Node] = [node]
        steps: list[dict[str, Any]] = []
        while node.visits or not node.parents:
            waiting = pending.get(node.index, 0)  # what waits below a node waits below its parent, too
            below = pending if waiting else NOTHING_PENDING
            taken = self._best(node.below, node.visits + waiting, below)
            if taken is None:
                break
            node, q, u, n = taken
            path.append(node)
            # The U of an unvisited child is infinite under UCT, which JSON cannot say.
            steps.append({"node": node.index, "q": q, "u": u if u < math.inf else None, "n": n, "prior": node.prior})
        return Walk(path, {"steps": steps})

    def learn(self, tree: Tree, changed: Iterable[Node]) -> None:  # noqa: B027 (few descents have something to learn)
        """The tree holds all there is to know."""

    @abstractmethod
    def _best(self, children: list[Node], above: int, pending: Pending) -> Taken | None:
        """The child to take, if one is selectable; `above` is the parent's N. The innermost loop of the search."""


class UCT(Descent):
    """U = c·√(ln N / n), a child never visited before all others."""

    rule = "uct"

    def __init__(self, exploration: float) -> None:
        self._exploration = exploration

    def _best(self, children: list[Node], above: int, pending: Pending) -> Taken | None:
        log_above, exploration, root = math.log(max(1, above)), self._exploration, math.sqrt
        best: Taken | None = None
        highest = -math.inf
        for child in children:
            if child.status not in CONTINUED and not child.solved:
                continue
            n, q = child.visits, child.value or 0.0
            if pending and (waiting := pending.get(child.index)):
                n += waiting
                q = q * child.visits / n
            if not n:
                return child, 0.0, math.inf, 0
            u = exploration * root(log_above / n)
            if (total := q + u) > highest:
                best, highest = (child, q, u, n), total
        return best


class PUCT(Descent):
    """U = c(s)·P·√N / (1 + n), c(s) = 1.25 + ln((N + 19652 + 1) / 19652); a child without prior counts as certain."""

    rule = "puct"

    def _best(self, children: list[Node], above: int, pending: Pending) -> Taken | None:
        rate, root = 1.25 + math.log((above + 19652 + 1) / 19652), math.sqrt(above)
        best: Taken | None = None
        highest = -math.inf
        for child in children:
            if child.status not in CONTINUED and not child.solved:
                continue
            n, q = child.visits, child.value or 0.0
            if pending and (waiting := pending.get(child.index)):
                n += waiting
                q = q * child.visits / n
            u = rate * (1.0 if child.prior is None else child.prior) * root / (1 + n)
            if (total := q + u) > highest:
                best, highest = (child, q, u, n), total
        return best


class Frontier:
    """The leaf s of highest F(s) = λ₁·tanh(Q of its parent) + λ₂·H(s) + λ₃·√(depth / greatest depth) in the whole tree.

    H is `entropy`. A heap holds every leaf's newest F, older ones are passed over when they come up: one simulation
    costs the logarithm of the tree, not its size. A leaf that was handed out does not come again.
    """

    rule = "frontier"

    def __init__(self, quality: float, uncertainty: float, depth: float, max_depth: int) -> None:
        self._weights = (quality, uncertainty, depth)
        self._max_depth = max_depth
        self._newest: dict[int, float] = {}
        self._heap: list[tuple[float, int]] = []

    def walk(self, tree: Tree, pending: Pending) -> Walk | None:
        """The leaf's score is F, its terms are the three that F adds up."""
        while self._heap:
            score, index = heapq.heappop(self._heap)
            if self._newest.get(index) != -score:
                continue
            leaf = tree[index]
            del self._newest[index]
            if leaf.status == "open":
                path, names = tree.path(leaf), ("quality", "uncertainty", "depth")
                terms = {index: dict(zip(names, self._terms(tree, leaf), strict=True))}
                return Walk(path, scores=[None] * (len(path) - 1) + [-score], terms=terms)
        return None

    def learn(self, tree: Tree, changed: Iterable[Node]) -> None:
        """Rate what is open among these nodes, and the open children of all nodes on their paths."""
        above: dict[int, None] = {}
        for node in changed:
            self._rate(tree, node)
            above.update(dict.fromkeys(step.index for step in tree.ancestors(node)))
        for index in above:
            for child in tree.children(tree[index]):
                self._rate(tree, child)

    def _rate(self, tree: Tree, node: Node) -> None:
        if node.status != "open" or node.depth >= self._max_depth:
            return
        score = sum(self._terms(tree, node))
        if self._newest.get(node.index) != score:
            self._newest[node.index] = score
            heapq.heappush(self._heap, (-score, node.index))

    def _terms(self, tree: Tree, node: Node) -> tuple[float, float, float]:
        quality, uncertainty, depth = self._weights
        above = tree[node.parents[0]].value if node.parents else None
        return (
            quality * math.tanh(above or 0.0),
            uncertainty * entropy(node),
            depth * math.sqrt(node.depth / self._max_depth),
        )


def selectable(node: Node) -> bool:
    """True for a node that can be walked to: neither pruned nor cut off."""
    return node.status in CONTINUED or node.solved


def entropy(node: Node) -> float:
    """The policy's uncertainty about a step: −mean log p of its sampled tokens, an estimate of its mean token entropy.

    In nats. A step without tokens (the problem, a person's step) counts as certain.
    """
    return -(node.logprob or 0.0) / max(1, node.tokens)


def path_entropy(tree: Tree, leaf: Node) -> float:
    """The mean of `entropy` over the steps from below the root to `leaf`."""
    steps = tree.path(leaf)[1:]
    return math.fsum(map(entropy, steps)) / max(1, len(steps))
