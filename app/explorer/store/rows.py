"""Rows in the form COPY and `json_to_recordset` take them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from app.explorer.store.codec import JournalEvent, NodeRow
from app.explorer.store.jsonb import dumps, storable

COPY_EVENTS = "COPY explorer_event (run_id, seq, kind, payload, at) FROM STDIN"
COPY_NODES = (
    'COPY explorer_node (run_id, "index", parents, depth, kind, key, text, token_ids, logprobs, logprob, tokens, '
    'finish, "by", created_seq) FROM STDIN'
)
_STATE_COLUMNS = {
    "status": "text",
    "value": "float8",
    "visits": "int",
    "reward": "float8",
    "rewards": "jsonb",
    "weight": "float8",
    "prior": "float8",
    "answer": "text",
    "canonical": "text",
    "correct": "boolean",
    "reachable": "boolean",
    "decision": "jsonb",
}
STATE_FIELDS = tuple(_STATE_COLUMNS)
# One parameter whatever the number of nodes; a node's state is one narrow row, replaced in place.
UPSERT_STATES = f"""
INSERT INTO explorer_nodestate (run_id, "index", {", ".join(_STATE_COLUMNS)})
SELECT %s, "index", {", ".join(_STATE_COLUMNS)} FROM json_to_recordset(%s::json)
    AS state("index" int, {", ".join(f"{name} {kind}" for name, kind in _STATE_COLUMNS.items())})
ON CONFLICT (run_id, "index") DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _STATE_COLUMNS)}
"""


def event_row(run: UUID, event: JournalEvent) -> tuple[Any, ...]:
    """A packed event.

    Raises:
        ValueError: the payload holds NaN or infinity; names the event.
    """
    try:
        payload = dumps(event.payload)
    except ValueError as error:
        raise ValueError(f"event {event.seq} ({event.kind}) cannot be stored: {error}") from error
    return run, event.seq, event.kind, payload, event.at


def node_row(run: UUID, node: NodeRow) -> tuple[Any, ...]:
    """A new node; arrays are written as PostgreSQL spells them, which is faster than adapting every element."""
    return (
        run,
        node.index,
        _array(node.parents),
        node.depth,
        node.kind,
        node.key,
        storable(node.text),
        None if node.token_ids is None else _array(node.token_ids),
        None if node.logprobs is None else _array(node.logprobs),
        node.logprob,
        node.tokens,
        node.finish,
        None if node.by is None else storable(node.by),
        node.created_seq,
    )


def states_json(states: Sequence[dict[str, Any]]) -> str:
    """Folded nodes (each with `index` and `STATE_FIELDS`) for `UPSERT_STATES`."""
    return json.dumps([_clean(state) for state in states], separators=(",", ":"), allow_nan=False)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _array(numbers: Iterable[float]) -> str:
    return "{" + ",".join(map(repr, numbers)) + "}"
