"""Events as the engine emits them ⇄ rows as PostgreSQL keeps them. Lossless both ways.

The text and the token arrays of a node are stored once, in its row: the `generate` effect that sampled it and the
`node_added` that announced it refer to that row by index. A sample is stripped only when its node is announced in the
same flush with the same text, so that whatever prefix of a journal is durable can be unpacked. A sample whose node
comes later (the flush fell between the two) stays whole in its event and is remembered for the node's row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EFFECTS = frozenset({"generate", "score", "verify", "human", "deadline"})
IN_ROW = frozenset({"text", "token_ids", "logprobs"})
INT4 = 2**31


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One entry of a run's journal. `at` is when the sink took it, in UTC."""

    seq: int
    kind: str
    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class NodeRow:
    """What a node was created with; `token_ids` and `logprobs` are null for nodes no policy wrote."""

    index: int
    parents: list[int]
    depth: int
    kind: str
    key: str
    text: str
    token_ids: list[int] | None
    logprobs: list[float] | None
    logprob: float | None
    tokens: int
    finish: str | None
    by: str | None
    created_seq: int


@dataclass(frozen=True, slots=True)
class NodeText:
    """The part of a node's row that events refer to."""

    text: str
    token_ids: list[int] | None = None
    logprobs: list[float] | None = None


@dataclass(slots=True)
class Packer:
    """Packs one run's events flush by flush; remembers samples whose node has not been announced yet."""

    _waiting: dict[int, dict[str, Any]] = field(default_factory=dict)

    def replay(self, events: Iterable[JournalEvent]) -> None:
        """Go on after a journal that is stored already: remember its samples whose node is still to come."""
        for event in events:
            if event.kind == "generate":
                samples = (sample for sample in event.payload.get("samples", []) if _is_sample(sample))
                self._waiting.update((sample["node"], sample) for sample in samples)
            elif event.kind == "node_added":
                self._waiting.pop(event.payload["index"], None)

    def pack(self, events: Sequence[JournalEvent]) -> tuple[list[JournalEvent], list[NodeRow]]:
        """Events without texts and arrays, and the rows of the nodes they announce."""
        announced = {
            event.payload["index"]: event for event in events if event.kind == "node_added" and _is_node(event.payload)
        }
        packed: list[JournalEvent] = []
        samples: dict[int, dict[str, Any]] = {}
        for event in events:
            payload = event.payload
            if event.kind == "generate":
                payload = self._pack_samples(event, announced, samples)
            elif event.kind == "node_added" and announced.get(payload.get("index", -1)) is event:
                payload = {key: value for key, value in payload.items() if key != "text"}
            packed.append(event if payload is event.payload else JournalEvent(event.seq, event.kind, payload, event.at))
        rows = [
            _node_row(event, samples.get(index) or self._waiting.pop(index, None)) for index, event in announced.items()
        ]
        return packed, rows

    def _pack_samples(
        self, event: JournalEvent, announced: Mapping[int, JournalEvent], taken: dict[int, dict[str, Any]]
    ) -> dict[str, Any]:
        kept: list[Any] = []
        for sample in event.payload.get("samples", []):
            if not _is_sample(sample):
                kept.append(sample)
                continue
            node = announced.get(sample["node"])
            if node is not None and node.payload["text"] == sample["text"] and sample["node"] not in taken:
                taken[sample["node"]] = sample
                kept.append({key: value for key, value in sample.items() if key not in IN_ROW})
            else:
                self._waiting[sample["node"]] = sample
                kept.append(sample)
        return {**event.payload, "samples": kept} if taken else event.payload


def unpack(kind: str, payload: dict[str, Any], nodes: Mapping[int, NodeText]) -> dict[str, Any]:
    """The payload as the engine emitted it; `nodes` must hold what `referred_nodes` names."""
    if kind == "node_added" and "text" not in payload:
        return {**payload, "text": nodes[payload["index"]].text}
    if kind == "generate":
        return {**payload, "samples": [_unpack_sample(sample, nodes) for sample in payload.get("samples", [])]}
    return payload


def referred_nodes(kind: str, payload: dict[str, Any]) -> Iterable[int]:
    """Indices of the nodes whose rows are needed to unpack this event."""
    if kind == "node_added" and "text" not in payload:
        yield payload["index"]
    elif kind == "generate":
        yield from (sample["node"] for sample in payload.get("samples", []) if _is_stripped(sample))


def _unpack_sample(sample: Any, nodes: Mapping[int, NodeText]) -> Any:
    if not _is_stripped(sample):
        return sample
    node = nodes[sample["node"]]
    return {**sample, "text": node.text, "token_ids": node.token_ids, "logprobs": node.logprobs}


def _is_stripped(sample: Any) -> bool:
    return isinstance(sample, dict) and sample.get("node") is not None and "text" not in sample


def _is_sample(sample: Any) -> bool:
    """Whether this sample became a node and fits the columns of its row; others are kept as JSON."""
    return (
        isinstance(sample, dict)
        and isinstance(sample.get("node"), int)
        and isinstance(sample.get("text"), str)
        and isinstance(sample.get("token_ids"), list)
        and isinstance(sample.get("logprobs"), list)
        and all(isinstance(token, int) and 0 <= token < INT4 for token in sample["token_ids"])
        and all(isinstance(logprob, float) for logprob in sample["logprobs"])
    )


def _is_node(payload: dict[str, Any]) -> bool:
    return isinstance(payload.get("index"), int) and isinstance(payload.get("text"), str)


def _node_row(event: JournalEvent, sample: Mapping[str, Any] | None) -> NodeRow:
    payload = event.payload
    return NodeRow(
        index=payload["index"],
        parents=payload["parents"],
        depth=payload["depth"],
        kind=payload["kind"],
        key=payload["key"],
        text=payload["text"],
        token_ids=sample["token_ids"] if sample else None,
        logprobs=sample["logprobs"] if sample else None,
        logprob=payload.get("logprob"),
        tokens=payload.get("tokens") or 0,
        finish=payload.get("finish"),
        by=payload.get("by"),
        created_seq=event.seq,
    )
