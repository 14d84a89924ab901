"""One transaction per flush, under the lease, exactly once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import sync_to_async

from app.explorer.models import Command, Event, Node, NodeState, Run, RunAttempt
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.flush import Flush, LeaseLost, write
from app.explorer.store.load import events_between, journal_of
from app.explorer.store.pool import Pool, connection_parameters
from app.explorer.store.reading import aread, read
from tests.support.stored import expansions, lease_to, make_run, numbered


def _flush(head: int, events: list[JournalEvent], packer: Packer | None = None, **more: Any) -> Flush:
    packed, nodes = (packer or Packer()).pack(events)
    states = [
        {"index": node.index, "status": "open", "visits": 0, "rewards": {"prm": 0.25}, "value": 0.1} for node in nodes
    ]
    return Flush(head=head, events=packed, nodes=nodes, states=states, **more)


async def test_what_was_written_is_read_back_by_both_readers(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    journal = numbered(expansions(5))
    packer = Packer()
    for start in range(0, len(journal), 7):
        await write(db, run.pk, lease, _flush(start, journal[start : start + 7], packer, run={"tokens": start}))
    async with db.connection() as connection:
        assert await aread(journal_of(run.pk), connection) == journal
        page = await aread(events_between(run.pk, 3, 10, bare_effects=False), connection)
    assert [(event["seq"], event["kind"], event["payload"]) for event in page] == [
        (event.seq, event.kind, event.payload) for event in journal[3:13]
    ]

    def with_django() -> list[dict[str, Any]]:
        from django.db import connection

        with connection.cursor() as cursor:
            return read(events_between(run.pk, 3, 10, bare_effects=False), cursor)

    assert await sync_to_async(with_django)() == page
    stored = await Run.objects.aget(pk=run.pk)
    assert (stored.head_seq, stored.tokens) == (len(journal), 49)
    assert await NodeState.objects.filter(run=run, rewards={"prm": 0.25}, value=0.1).acount() == 21


async def test_effects_are_bare_unless_asked_for_but_a_persons_hand_is_shown(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    human = ("human", {"id": str(uuid4()), "command": "pause", "by": "ada"})
    journal = numbered(iter([*expansions(1), human]))
    await write(db, run.pk, lease, _flush(0, journal))
    async with db.connection() as connection:
        events = await aread(events_between(run.pk, 0, 100), connection)
    assert [event["seq"] for event in events] == list(range(1, len(journal) + 1))
    assert {event["kind"] for event in events if "payload" not in event} == {"generate", "score"}
    assert events[-1]["payload"]["by"] == "ada"
    assert events[-1]["at"].endswith("Z")


async def test_another_lease_stops_the_writer_and_nothing_is_stored(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    await sync_to_async(lease_to)(run)
    with pytest.raises(LeaseLost):
        await write(db, run.pk, uuid4(), _flush(0, numbered(expansions(1))))
    assert not await Event.objects.filter(run=run).aexists()
    assert not await Node.objects.filter(run=run).aexists()


async def test_a_flush_for_the_wrong_head_is_refused(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    journal = numbered(expansions(1))
    await write(db, run.pk, lease, _flush(0, journal))
    with pytest.raises(LeaseLost):
        await write(db, run.pk, lease, _flush(3, numbered(expansions(1), after=3)))
    assert (await Run.objects.aget(pk=run.pk)).head_seq == len(journal)


@pytest.mark.parametrize("landed", [True, False])
async def test_a_connection_that_dies_in_commit_neither_loses_nor_doubles(
    db: Pool, landed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    died = []
    commit = psycopg.AsyncConnection.commit

    async def commit_and_die(connection: psycopg.AsyncConnection[Any]) -> None:
        if died:
            return await commit(connection)
        died.append(True)
        if landed:
            await commit(connection)
        # A backend killed by an administrator: the client cannot tell on which side of the commit that was.
        async with await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True) as other:
            await other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        await connection.execute("SELECT 1")
        return None

    monkeypatch.setattr(psycopg.AsyncConnection, "commit", commit_and_die)
    journal = numbered(expansions(2))
    await write(db, run.pk, lease, _flush(0, journal))
    monkeypatch.undo()
    assert died
    async with db.connection() as connection:
        assert await aread(journal_of(run.pk), connection) == journal


async def test_the_last_flush_that_landed_unseen_is_known_by_its_attempt(
    db: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    await RunAttempt.objects.acreate(run=run, lease=lease, worker="w")
    real = psycopg.AsyncConnection.commit
    died = []

    async def land_and_die(connection: psycopg.AsyncConnection[Any]) -> None:
        await real(connection)
        if not died:
            died.append(True)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(psycopg.AsyncConnection, "commit", land_and_die)
    journal = numbered(expansions(1))
    await write(db, run.pk, lease, _flush(0, journal, run={"state": "completed"}, outcome="completed"))
    stored = await Run.objects.aget(pk=run.pk)
    assert (stored.state, stored.lease, stored.head_seq) == ("completed", None, len(journal))


async def test_commands_are_marked_in_the_transaction_that_applied_them(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    done = await Command.objects.acreate(run=run, number=1, kind="pause", payload={"by": "ada"})
    refused = await Command.objects.acreate(run=run, number=2, kind="edit", payload={"by": "ada"})
    human = ("human", {"id": str(done.pk), "command": "pause", "by": "ada"})
    flush = _flush(0, numbered(iter([human])), applied=[(done.pk, 1)], refused=[(refused.pk, "node: no such node")])
    await write(db, run.pk, lease, flush)
    assert (await Command.objects.aget(pk=done.pk)).applied_seq == 1
    assert (await Command.objects.aget(pk=refused.pk)).error == "node: no such node"


async def test_nan_is_an_error_that_names_the_event(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    with pytest.raises(ValueError, match=r"event 1 \(scored\)"):
        await asyncio.wait_for(
            write(db, run.pk, lease, _flush(0, numbered(iter([("scored", {"scores": [[0, float("nan")]]})])))), 5
        )
    assert (await Run.objects.aget(pk=run.pk)).head_seq == 0


async def test_texts_that_postgresql_cannot_hold_come_back(db: Pool) -> None:
    run = await sync_to_async(make_run)()
    lease = await sync_to_async(lease_to)(run)
    odd = "nul \x00, a lone surrogate \ud83d, the mark \uf8ff, and 🌳"
    journal = numbered(expansions(1))
    journal[0].payload["text"] = odd
    journal.append(JournalEvent(len(journal) + 1, "note", {odd: [odd, 1e300, 2**70]}, journal[-1].at))
    await write(db, run.pk, lease, _flush(0, journal))
    async with db.connection() as connection:
        assert await aread(journal_of(run.pk), connection) == journal
