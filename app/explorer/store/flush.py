"""One flush: a single transaction under the run's lease, safe against a connection that dies in COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import sql

from app.explorer.store.codec import JournalEvent, NodeRow
from app.explorer.store.jsonb import dumps, storable
from app.explorer.store.outages import OUTAGES, heed_cancellation
from app.explorer.store.pool import Pool
from app.explorer.store.rows import COPY_EVENTS, COPY_NODES, UPSERT_STATES, event_row, node_row, states_json

log = structlog.get_logger(__name__)
LEASE_SECONDS = 15


class LeaseLost(RuntimeError):
    """Another attempt holds the run now; whatever this one has not written is void."""


@dataclass(frozen=True, slots=True)
class Flush:
    """What becomes durable together. `head` is the sequence before it; `events` follow it without a gap.

    `run` holds new values of the run's own columns (counters, state, answer). `applied` are commands with the
    sequence that applied them, `refused` commands with the reason, `refuse_waiting` a reason for all that still wait.
    With `outcome` the attempt ends here: the lease is given back in the same transaction; else it is renewed.
    """

    head: int
    events: Sequence[JournalEvent] = ()
    nodes: Sequence[NodeRow] = ()
    states: Sequence[dict[str, Any]] = ()
    run: dict[str, Any] = field(default_factory=dict)
    applied: Sequence[tuple[UUID, int]] = ()
    refused: Sequence[tuple[UUID, str]] = ()
    refuse_waiting: str | None = None
    generated_tokens: int = 0
    outcome: str | None = None
    lease_seconds: int = LEASE_SECONDS

    @property
    def to(self) -> int:
        """The head after this flush."""
        return self.head + len(self.events)


async def write(pool: Pool, run: UUID, lease: UUID, flush: Flush) -> None:
    """Make `flush` durable exactly once, waiting for PostgreSQL for as long as it takes.

    Raises:
        LeaseLost: the run belongs to another attempt.
        ValueError: a payload cannot be stored.
    """
    pause = 0.1
    in_doubt = False
    while True:
        try:
            async with pool.connection() as connection:
                if in_doubt and await _has_landed(connection, run, lease, flush):
                    return
                in_doubt = True
                await _transaction(connection, run, lease, flush)
                await connection.commit()
            return
        except OUTAGES as error:
            heed_cancellation()
            log.warning("flush waits for PostgreSQL", run=str(run), to=flush.to, error=str(error).strip())
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)


async def _transaction(connection: psycopg.AsyncConnection[Any], run: UUID, lease: UUID, flush: Flush) -> None:
    updated = await connection.execute(*_update_run(run, lease, flush))
    if updated.rowcount == 0:
        await connection.rollback()
        # A COMMIT of ours may have landed while the row was locked by its own dying backend.
        if await _has_landed(connection, run, lease, flush):
            return
        raise LeaseLost(f"run {run}: lease {lease} no longer holds at sequence {flush.head}")
    if flush.events:
        async with connection.cursor() as cursor, cursor.copy(COPY_EVENTS) as copy:
            for event in flush.events:
                await copy.write_row(event_row(run, event))
    if flush.nodes:
        async with connection.cursor() as cursor, cursor.copy(COPY_NODES) as copy:
            for node in flush.nodes:
                await copy.write_row(node_row(run, node))
    if flush.states:
        await connection.execute(UPSERT_STATES, (run, states_json(flush.states)))
    for command, seq in flush.applied:
        await connection.execute(
            "UPDATE explorer_command SET applied_seq = %s WHERE id = %s AND run_id = %s", (seq, command, run)
        )
    for command, reason in flush.refused:
        await connection.execute(
            "UPDATE explorer_command SET error = %s WHERE id = %s AND run_id = %s", (reason, command, run)
        )
    if flush.refuse_waiting is not None:
        await connection.execute(
            "UPDATE explorer_command SET error = %s WHERE run_id = %s AND applied_seq IS NULL AND error IS NULL",
            (flush.refuse_waiting, run),
        )
    if flush.outcome is not None:
        await connection.execute(
            "UPDATE explorer_runattempt SET ended_at = clock_timestamp(), outcome = %s, last_seq = %s, "
            "generated_tokens = %s WHERE lease = %s",
            (flush.outcome, flush.to, flush.generated_tokens, lease),
        )


def _update_run(run: UUID, lease: UUID, flush: Flush) -> tuple[sql.Composed, list[Any]]:
    columns: dict[str, Any] = {"head_seq": flush.to} | {name: _value(value) for name, value in flush.run.items()}
    settings: list[sql.Composable] = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in columns]
    if flush.outcome is None:
        settings.append(
            sql.SQL("lease_until = clock_timestamp() + make_interval(secs => {})").format(flush.lease_seconds)
        )
    else:
        settings.append(sql.SQL("lease = NULL, lease_until = NULL"))
    statement = sql.SQL("UPDATE explorer_run SET {} WHERE id = %s AND lease = %s AND head_seq = %s").format(
        sql.SQL(", ").join(settings)
    )
    return statement, [*columns.values(), run, lease, flush.head]


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return dumps(value)
    return storable(value) if isinstance(value, str) else value


async def _has_landed(connection: psycopg.AsyncConnection[Any], run: UUID, lease: UUID, flush: Flush) -> bool:
    """Whether an earlier try of this flush was committed although its connection died.

    A flush that ends the attempt shows in the attempt's own row: the run may belong to somebody else by now.
    """
    if flush.outcome is not None:
        found = await connection.execute(
            "SELECT ended_at IS NOT NULL AND last_seq = %s FROM explorer_runattempt WHERE lease = %s", (flush.to, lease)
        )
        row = await found.fetchone()
        landed = bool(row and row[0])
    else:
        found = await connection.execute("SELECT lease = %s, head_seq FROM explorer_run WHERE id = %s", (lease, run))
        row = await found.fetchone()
        if row is None or not row[0]:
            raise LeaseLost(f"run {run}: lease {lease} was taken over")
        landed = bool(flush.events) and row[1] == flush.to
    await connection.rollback()
    return landed
