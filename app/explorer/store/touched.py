"""Which nodes' states an event changes: what a flush has to write again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Payload = dict[str, Any]


def touched_by(kind: str, payload: Payload) -> Iterable[int]:
    """Indices of the nodes whose folded state may differ after the event; unknown kinds touch none."""
    reader = _TOUCHED.get(kind)
    return reader(payload) if reader else ()


def _ranked(payload: Payload) -> Iterable[int]:
    return (entry["node"] for entry in payload["nodes"])


_TOUCHED: dict[str, Callable[[Payload], Iterable[int]]] = {
    "node_added": lambda payload: (payload["index"], *payload["parents"]),
    "prior": lambda payload: (node for node, _ in payload["priors"]),
    "scored": lambda payload: (node for node, _ in payload["scores"]),
    "backed_up": lambda payload: payload["path"],
    "pruned": _ranked,
    "selected": _ranked,
    "restored": lambda payload: payload["nodes"],
    "resampled": lambda payload: (particle["node"] for particle in payload["particles"]),
    "verified": lambda payload: (node for node, _ in payload["nodes"]),
    "answer": lambda payload: (payload["node"],),
    # The leaf that an earlier revision chose becomes terminal again: the caller knows which that was.
    "finished": lambda payload: payload["path"],
}
