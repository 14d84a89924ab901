"""Leases: which attempt may write a run. All times are PostgreSQL's; workers' clocks decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg

from app.explorer.store.flush import LEASE_SECONDS

HEARTBEAT_SECONDS = 5
# A poisoned run (it kills its worker, say) must not go round for ever.
MOST_ATTEMPTS_WITHOUT_PROGRESS = 8

_WANTS_WORK = """(
    state = 'queued' OR state = 'running' OR EXISTS (
        SELECT 1 FROM explorer_command WHERE explorer_command.run_id = explorer_run.id
            AND applied_seq IS NULL AND error IS NULL)
)"""
# After PostgreSQL was away, a living holder gets one lease's time to say so before anybody takes its run.
FREE = """(lease IS NULL OR (
    lease_until < clock_timestamp()
    AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => %(grace)s)))"""

_CLAIM = f"""
UPDATE explorer_run SET lease = %(lease)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s),
    started_at = COALESCE(started_at, clock_timestamp())
WHERE id = %(run)s AND {_WANTS_WORK} AND {FREE}
RETURNING head_seq, state
"""
# Tokens that earlier attempts generated and never stored: what each said of itself less what the journal kept of it.
_CLOSE_FORMER = """
WITH former AS (
    SELECT id, first_seq, generated_tokens FROM explorer_runattempt WHERE run_id = %(run)s AND ended_at IS NULL
), kept AS (
    SELECT former.id, COALESCE(SUM((sample ->> 'tokens')::bigint), 0) AS tokens
    FROM former LEFT JOIN explorer_event AS event
        ON event.run_id = %(run)s AND event.seq >= former.first_seq AND event.kind = 'generate'
    LEFT JOIN LATERAL jsonb_array_elements(event.payload -> 'samples') AS sample ON TRUE
    GROUP BY former.id
)
UPDATE explorer_runattempt AS attempt
SET ended_at = clock_timestamp(), outcome = 'lost', last_seq = %(head)s,
    lost_tokens = GREATEST(0, attempt.generated_tokens - kept.tokens)
FROM kept WHERE attempt.id = kept.id
RETURNING attempt.lost_tokens
"""
_VAIN_ATTEMPTS = """
SELECT count(*) FROM explorer_runattempt
WHERE run_id = %(run)s AND outcome = 'lost' AND first_seq = %(next)s
    -- somebody resumed the run after it had failed: a new count
    AND id > COALESCE((SELECT max(id) FROM explorer_runattempt WHERE run_id = %(run)s AND outcome = 'failed'), 0)
"""
_OPEN_ATTEMPT = """
INSERT INTO explorer_runattempt (run_id, lease, worker, started_at, first_seq, generated_tokens, lost_tokens)
VALUES (%s, %s, %s, clock_timestamp(), %s, 0, 0)
"""
_HEARTBEAT = """
WITH held AS (
    UPDATE explorer_run SET lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id = %s AND lease = %s RETURNING id
)
UPDATE explorer_runattempt SET generated_tokens = %s WHERE lease = %s AND EXISTS (SELECT 1 FROM held)
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that is ours: the lease, and how often attempts before us ended without writing anything."""

    run: UUID
    lease: UUID
    state: str
    head: int
    vain_attempts: int


async def claim(connection: psycopg.AsyncConnection[Any], run: UUID, worker: str) -> Claim | None:
    """Take the run if it wants work and nobody holds it; None otherwise. One transaction, one UPDATE decides.

    The attempt that died before us is closed, and the tokens it had generated but not stored are counted as lost.
    """
    lease = uuid4()
    async with connection.transaction():
        found = await connection.execute(
            _CLAIM, {"run": run, "lease": lease, "lease_seconds": LEASE_SECONDS, "grace": LEASE_SECONDS}
        )
        row = await found.fetchone()
        if row is None:
            return None
        head, state = row
        closed = await connection.execute(_CLOSE_FORMER, {"run": run, "head": head})
        lost = sum(tokens for (tokens,) in await closed.fetchall())
        if lost:
            await connection.execute(
                "UPDATE explorer_run SET lost_tokens = lost_tokens + %s WHERE id = %s", (lost, run)
            )
        vain = await connection.execute(_VAIN_ATTEMPTS, {"run": run, "next": head + 1})
        (vain_attempts,) = await vain.fetchone() or (0,)
        await connection.execute(_OPEN_ATTEMPT, (run, lease, worker, head + 1))
    return Claim(run, lease, state, head, vain_attempts)


async def beat(connection: psycopg.AsyncConnection[Any], claimed: Claim, generated_tokens: int) -> bool:
    """Renew the lease and say how many tokens this attempt has generated; False if the lease is no longer ours."""
    async with connection.transaction():
        done = await connection.execute(
            _HEARTBEAT, (LEASE_SECONDS, claimed.run, claimed.lease, generated_tokens, claimed.lease)
        )
    return done.rowcount == 1
