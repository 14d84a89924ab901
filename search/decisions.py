"""What a strategy decides about nodes, and what a decision says: score, rank, cutoff, and what a score was made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from search.ledger import Ledger
from search.randomness import uniform
from search.resampling import Scheme, effective_sample_size, offspring, thinned
from search.tree import Node, Tree

Terms = Mapping[int, Mapping[str, float | int | str | None]]
"""Node index → the named numbers that a decision about it was made of, such as A*'s g and h."""


def entries_of(
    nodes: Sequence[Node], scores: Sequence[float | None], ranks: Sequence[int | None], terms: Terms | None
) -> list[dict[str, Any]]:
    """What a decision says of each node."""
    entries: list[dict[str, Any]] = [
        {"node": node.index, "score": score, "rank": rank}
        for node, score, rank in zip(nodes, scores, ranks, strict=True)
    ]
    if terms is not None:
        for entry in entries:
            if entry["node"] in terms:
                entry["terms"] = dict(terms[entry["node"]])
    return entries


class Decisions:
    """The part of `Search` that takes no time: looking at the tree, drawing numbers, and saying what was decided."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self._ledger = ledger
        self._seed = seed
        self._draws: Counter[str] = Counter()

    @property
    def tree(self) -> Tree:
        """The tree as it is. Read it; only the methods here change it."""
        return self._ledger.tree

    @property
    def root(self) -> Node:
        """The problem."""
        return self.tree.root

    def draw(self, name: str) -> float:
        """The next uniform number in [0, 1) of the stream `name`, fixed by the run's seed."""
        count = self._draws[name]
        self._draws[name] += 1
        return uniform(self._seed, "draw", name, count)

    def keep_best(self, nodes: Sequence[Node], k: int, *, rule: str, terms: Terms | None = None) -> list[Node]:
        """Keep the k nodes of highest reward (ties: the first), prune the others, and say so. Best first.

        Pruned and cut-off nodes do not take part.
        """
        ranked = sorted((node for node in nodes if node.expandable or node.solved), key=_by_reward)
        kept, lost = ranked[:k], ranked[k:]
        if not kept:
            return []
        entries = entries_of(ranked, [node.reward for node in ranked], range(1, len(ranked) + 1), terms)
        said = {"rule": rule, "cutoff": kept[-1].reward, "of": len(ranked)}
        self._ledger.observe("selected", {**said, "nodes": entries[: len(kept)]})
        if lost:
            self._ledger.observe("pruned", {**said, "nodes": entries[len(kept) :]})
        return kept

    def prune(
        self,
        nodes: Sequence[Node],
        *,
        rule: str,
        cutoff: float | None = None,
        scores: Sequence[float | None] | None = None,
        terms: Terms | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Give these nodes up, and say by which rule, and by which scores (by default their rewards)."""
        said = [node.reward for node in nodes] if scores is None else scores
        pairs = [(node, score) for node, score in zip(nodes, said, strict=True) if node.status != "pruned"]
        if pairs:
            entries = entries_of([node for node, _ in pairs], [score for _, score in pairs], [None] * len(pairs), terms)
            payload: dict[str, Any] = {"rule": rule, "cutoff": cutoff, "of": len(nodes), "nodes": entries}
            self._ledger.observe("pruned", payload if detail is None else {**payload, "detail": detail})

    def select(
        self,
        path: Sequence[Node],
        *,
        rule: str,
        scores: Sequence[float | None] | None = None,
        cutoff: float | None = None,
        of: int | None = None,
        terms: Terms | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Say which nodes were walked, ranked or taken (scores: by default their rewards); no status changes.

        `of`: how many they were taken from, where these are not all of them.
        """
        if not path:
            return
        said = [node.reward for node in path] if scores is None else scores
        entries = entries_of(path, said, range(1, len(path) + 1), terms)
        payload: dict[str, Any] = {"rule": rule, "cutoff": cutoff, "of": of or len(path), "nodes": entries}
        self._ledger.observe("selected", payload if detail is None else {**payload, "detail": detail})

    def record_scores(self, scores: Sequence[tuple[Node, float]], *, source: str, drives: bool = True) -> None:
        """Let nodes be driven by a score that was computed for them, such as their rollout's; or only have it."""
        if scores:
            pairs = [[node.index, score] for node, score in scores]
            self._ledger.observe("scored", {"source": source, "scores": pairs, "drives": drives})

    def set_priors(self, priors: Sequence[tuple[Node, float]]) -> None:
        """Give nodes the prior probability that PUCT selects by."""
        if priors:
            self._ledger.observe("prior", {"priors": [[node.index, prior] for node, prior in priors]})

    def back_up(self, node: Node, value: float, *, rule: Literal["mean", "max"] = "mean") -> None:
        """Add one visit of `value` to the node and everything above it, each once however many paths lead there."""
        path = [above.index for above in self.tree.ancestors(node)]
        self._ledger.observe("backed_up", {"path": path, "value": value, "rule": rule})

    def resample(
        self,
        particles: Sequence[Node],
        weights: Sequence[float],
        size: int,
        *,
        step: int,
        scheme: Scheme | Literal["without_replacement"],
        temperature: float,
        threshold: float,
        last: bool = False,
        retained: bool = False,
        detail: dict[str, Any] | None = None,
    ) -> list[Node]:
        """The next population: `size` particles resampled if ESS/N < `threshold` or the threshold is 1, else the same.

        `weights` are normalised, one per particle; a node may stand for several particles and is reported once, with
        the sum of its weights. The `last` weights are recorded without resampling: nothing follows that could use it.
        With `retained` the last particle keeps its place, and the others' places are drawn from all weights
        (conditional SMC, which takes the multinomial scheme). `without_replacement` thins to `size` and copies nobody.
        """
        ess = effective_sample_size(weights)
        resampled = not last and (threshold >= 1.0 or ess / len(particles) < threshold)
        copies = [1] * len(particles)
        if resampled:
            if scheme == "without_replacement":
                copies = thinned(weights, size, lambda: self.draw("resample"))
            else:
                copies = offspring(weights, size - retained, scheme, lambda: self.draw("resample"))
            copies[-1] += retained
        weight = dict.fromkeys((node.index for node in particles), 0.0)
        count = dict.fromkeys(weight, 0)
        for node, own, n in zip(particles, weights, copies, strict=True):
            weight[node.index] += own
            count[node.index] += n
        payload: dict[str, Any] = {
            "step": step,
            "scheme": scheme,
            "temperature": temperature,
            "resampled": resampled,
            "ess": ess,
            "particles": [{"node": i, "weight": weight[i], "offspring": count[i]} for i in weight],
        }
        self._ledger.observe("resampled", payload if detail is None else {**payload, "detail": detail})
        return [node for node, n in zip(particles, copies, strict=True) for _ in range(n)]


def _by_reward(node: Node) -> tuple[float, int]:
    if node.reward is None:
        raise ValueError(f"node {node.index} has no reward yet: score before you keep the best")
    return -node.reward, node.index
