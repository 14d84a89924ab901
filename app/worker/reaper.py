"""Nobody is forgotten: rings again for runs that wait without a message, and for runs whose worker is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import psycopg
import structlog

from app.explorer.store.flush import LEASE_SECONDS
from app.explorer.store.outages import OUTAGES, heed_cancellation
from app.explorer.store.pool import pool
from app.worker.identity import is_dead
from app.worker.lease import FREE

log = structlog.get_logger(__name__)
EVERY_SECONDS = 5.0
# A run is rung for again only this long after its last message: a message may lie in a queue for a moment.
PATIENCE_SECONDS = 5.0

_FORGOTTEN = f"""
WITH forgotten AS (
    SELECT id FROM explorer_run
    WHERE (
            state IN ('queued', 'running')
            OR id IN (SELECT run_id FROM explorer_command WHERE applied_seq IS NULL AND error IS NULL)
        )
        AND {FREE}
        AND (doorbell_at IS NULL OR doorbell_at < clock_timestamp() - make_interval(secs => %(patience)s))
        AND id <> ALL(%(ours)s)
    ORDER BY queue <> 'interactive', created_at LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE explorer_run AS run SET doorbell_at = clock_timestamp()
FROM forgotten WHERE run.id = forgotten.id
RETURNING run.id, run.queue
"""
_HELD = """
SELECT run.id, run.lease, attempt.worker FROM explorer_run AS run
JOIN explorer_runattempt AS attempt ON attempt.lease = run.lease
WHERE run.lease IS NOT NULL AND run.id <> ALL(%s)
"""
_VOID = """
UPDATE explorer_run SET lease = NULL, lease_until = NULL, doorbell_at = NULL WHERE id = %s AND lease = %s
"""
_NEXT_EXPIRY = """
SELECT extract(epoch FROM min(lease_until) - clock_timestamp())::float8 FROM explorer_run
WHERE state IN ('queued', 'running') AND lease_until > clock_timestamp()
"""


Ring = Callable[[UUID, str], None]
"""Sends the doorbell message for a run to a queue; blocks, and raises when the broker is away."""


async def find_forgotten(
    connection: psycopg.AsyncConnection[Any], most: int, ours: Iterable[UUID], grace: float = LEASE_SECONDS
) -> list[tuple[UUID, str]]:
    """At most `most` runs (id, queue) that nobody works on and nobody was told of; each is marked as rung for.

    `grace`: seconds after a start of PostgreSQL in which no lease counts as run out.
    """
    found = await connection.execute(
        _FORGOTTEN,
        {"grace": grace, "patience": PATIENCE_SECONDS, "ours": list(ours), "most": most},
    )
    return [(run, queue) for run, queue in await found.fetchall()]


async def void_leases_of_the_dead(connection: psycopg.AsyncConnection[Any], ours: Iterable[UUID]) -> None:
    """Take away the leases of workers that died on this machine, without waiting for them to run out."""
    held = await connection.execute(_HELD, (list(ours),))
    for run, lease, worker in await held.fetchall():
        if is_dead(worker):
            log.info("the worker of this run is dead", run=str(run), worker=worker)
            await connection.execute(_VOID, (run, lease))


async def reap_on(ring: Ring, free_slots: Callable[[], int], ours: Callable[[], set[UUID]]) -> None:
    """Look at once, every five seconds, and at the moment the next lease runs out.

    Rings for no more runs than this worker could take: a queue of a thousand runs does not become a thousand
    messages every five seconds.
    """
    while True:
        heed_cancellation()
        pause = EVERY_SECONDS
        try:
            async with (await pool()).connection() as connection:
                await void_leases_of_the_dead(connection, ours())
                most = free_slots()
                forgotten = await find_forgotten(connection, most, ours()) if most > 0 else []
                row = await (await connection.execute(_NEXT_EXPIRY)).fetchone()
            # Committed: whoever answers the bell sees the run free.
            if row is not None and row[0] is not None:
                pause = min(pause, row[0] + 0.1)
            for run, queue in forgotten:
                log.info("ringing again", run=str(run), queue=queue)
                await asyncio.to_thread(ring, run, queue)
        except OUTAGES as error:
            pause = 1.0
            log.warning("reaper waits for PostgreSQL", error=str(error).strip())
        except Exception as error:  # the broker is away, whatever its client calls that: the next round tries again
            log.warning("reaper could not ring", error=str(error))
        await asyncio.sleep(pause)
