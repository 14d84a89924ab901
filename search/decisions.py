"""What a decision says of each node it is about: the score, the rank, and what the score was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.tree import Node

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
    for entry in entries:
        if terms is not None and entry["node"] in terms:
            entry["terms"] = dict(terms[entry["node"]])
    return entries
