"""The journal read back: whole for a replay, a range for the API and the websocket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.explorer.store.codec import EFFECTS, JournalEvent, NodeText, referred_nodes, unpack
from app.explorer.store.jsonb import loads, restored
from app.explorer.store.reading import Query, Reader

CHUNK = 2_000  # events in memory at once beside what they are unpacked to
BARE = sorted(EFFECTS - {"human"})  # what a person did is always shown; other effects only when asked for

_EVENTS = """
SELECT seq, kind, payload::text, at FROM explorer_event
WHERE run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""
_EVENTS_BARE = """
SELECT seq, kind, CASE WHEN kind = ANY(%s) THEN NULL ELSE payload::text END, at FROM explorer_event
WHERE run_id = %s AND seq > %s ORDER BY seq LIMIT %s
"""
_TEXTS = 'SELECT "index", text, token_ids, logprobs FROM explorer_node WHERE run_id = %s AND "index" = ANY(%s)'
_TEXTS_BARE = 'SELECT "index", text, NULL, NULL FROM explorer_node WHERE run_id = %s AND "index" = ANY(%s)'


def events_between(run: UUID, after: int, limit: int, bare_effects: bool = True) -> Reader[list[dict[str, Any]]]:
    """At most `limit` events after sequence `after`, as the API and the websocket show them.

    `{seq, kind, payload, at}`; with `bare_effects`, effects other than `human` come without their payload.
    """
    rows = yield (
        Query(_EVENTS_BARE, (BARE, run, after, limit)) if bare_effects else Query(_EVENTS, (run, after, limit))
    )
    events = [(seq, kind, None if text is None else loads(text), at) for seq, kind, text, at in rows]
    nodes = yield from _texts(run, events, arrays=not bare_effects)
    return [
        {"seq": seq, "kind": kind, "at": isoformat(at)}
        if payload is None
        else {"seq": seq, "kind": kind, "payload": unpack(kind, payload, nodes), "at": isoformat(at)}
        for seq, kind, payload, at in events
    ]


def journal_of(run: UUID, upto: int | None = None) -> Reader[list[JournalEvent]]:
    """The whole journal (or its events up to `upto`), as it was emitted."""
    journal: list[JournalEvent] = []
    while True:
        after = journal[-1].seq if journal else 0
        rows = yield Query(_EVENTS, (run, after, CHUNK if upto is None else min(CHUNK, max(upto - after, 0))))
        if not rows:
            return journal
        events = [(seq, kind, loads(text), at) for seq, kind, text, at in rows]
        nodes = yield from _texts(run, events, arrays=True)
        journal.extend(
            JournalEvent(seq, kind, unpack(kind, payload, nodes), at.astimezone(UTC))
            for seq, kind, payload, at in events
        )


def isoformat(at: datetime) -> str:
    """UTC with microseconds, always: `2026-01-31T08:00:00.000000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _texts(
    run: UUID, events: list[tuple[int, str, dict[str, Any] | None, datetime]], arrays: bool
) -> Reader[dict[int, NodeText]]:
    wanted = sorted({index for _, kind, payload, _ in events if payload for index in referred_nodes(kind, payload)})
    if not wanted:
        return {}
    rows = yield Query(_TEXTS if arrays else _TEXTS_BARE, (run, wanted))
    return {index: NodeText(restored(text), token_ids, logprobs) for index, text, token_ids, logprobs in rows}
