"""What the live feed asks PostgreSQL: a run's row, and ranges of its events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.explorer.store.load import events_between
from app.explorer.store.pool import pool
from app.explorer.store.reading import aread
from app.live.protocol import Snapshot

MOST_EVENTS = 1_000  # in one read
_COUNTERS = ("tokens", "prompt_tokens", "policy_calls", "reward_calls", "nodes", "seconds", "lost_tokens")
_SNAPSHOT = f"""
SELECT head_seq, state, stopped_by, answer, correct, revision, {", ".join(_COUNTERS)} FROM explorer_run WHERE id = %s
"""


class RunVanished(LookupError):
    """The run was deleted."""


async def read_snapshot(run: UUID) -> Snapshot:
    """The run as it is now.

    Raises:
        RunVanished: there is no such run any more.
    """
    async with (await pool()).connection() as connection:
        row = await (await connection.execute(_SNAPSHOT, (run,))).fetchone()
    if row is None:
        raise RunVanished(str(run))
    head, state, stopped_by, answer, correct, revision, *counters = row
    return Snapshot(head, state, stopped_by, answer, correct, revision, dict(zip(_COUNTERS, counters, strict=True)))


async def read_events(run: UUID, after: int, upto: int) -> list[dict[str, Any]]:
    """Events `after` < seq ≤ `upto`, at most `MOST_EVENTS`, effects bare."""
    if upto <= after:
        return []
    async with (await pool()).connection() as connection:
        return await aread(events_between(run, after, min(MOST_EVENTS, upto - after)), connection)
