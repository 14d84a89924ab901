"""Where two runs part: the first thing that the one did and the other did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from search.events import OBSERVATIONS, Event

PASSED_OVER = frozenset({"budget"})
"""Observations that say what something cost, not what was done."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One side of a parting: the event, and the first node it speaks of."""

    seq: int
    kind: str
    node: int | None


@dataclass(frozen=True, slots=True)
class Parting:
    """`nodes` were added alike before; a side that is None had ended while the other went on."""

    nodes: int
    left: Moment | None
    right: Moment | None


def parting(left: Iterable[Event], right: Iterable[Event]) -> Parting | None:
    """The first observations that differ; None where both runs did the same to their end.

    Reads no further than that. Effects are passed over: the same sample may have come by another call.
    """
    nodes = 0
    for one, other in zip_longest(_observed(left), _observed(right)):
        if one is not None and other is not None and one.kind == other.kind and one.payload == other.payload:
            nodes += one.kind == "node_added"
            continue
        return Parting(nodes, _moment(one), _moment(other))
    return None


def _observed(events: Iterable[Event]) -> Iterator[Event]:
    return (event for event in events if event.kind in OBSERVATIONS and event.kind not in PASSED_OVER)


def _moment(event: Event | None) -> Moment | None:
    return None if event is None else Moment(event.seq, event.kind, _node(event.payload))


def _node(payload: dict[str, Any]) -> int | None:
    """The node an observation is about, however its kind spells that."""
    for name in ("index", "node"):
        if isinstance(payload.get(name), int):
            return int(payload[name])
    for name in ("nodes", "particles", "scores", "priors"):
        for entry in payload.get(name) or ():
            found = entry["node"] if isinstance(entry, dict) else entry[0] if isinstance(entry, list) else entry
            return int(found)
    path = payload.get("path") or [None]
    return None if path[-1] is None else int(path[-1])
