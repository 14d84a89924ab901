"""Runs that nobody works on are rung for again; runs in good hands are left alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.utils import timezone

from app.explorer.models import Command, Run, RunAttempt
from app.explorer.store.pool import Pool, connection_parameters
from app.worker.identity import is_dead, place, worker_name
from app.worker.lease import beat, claim
from app.worker.reaper import find_forgotten, reap_on, void_leases_of_the_dead
from tests.worker.driving import Make

LONG_AGO = timedelta(minutes=5)


async def _forgotten(db: Pool, most: int = 10, ours: tuple[Any, ...] = ()) -> set[Any]:
    async with db.connection() as connection:
        # The tests' PostgreSQL has just started; leases would enjoy its grace.
        return {run for run, _ in await find_forgotten(connection, most, ours, grace=0)}


async def test_who_is_forgotten(db: Pool, make: Make) -> None:
    now = timezone.now()
    held = {"lease": uuid4, "lease_until": now + timedelta(minutes=1)}
    expired = {"lease": uuid4, "lease_until": now - timedelta(seconds=1), "doorbell_at": now - LONG_AGO}

    async def run(**fields: Any) -> Run:
        return await make(**{name: value() if callable(value) else value for name, value in fields.items()})

    never_rung = await run()
    lost_message = await run(doorbell_at=now - LONG_AGO)
    worker_died = await run(state="running", **expired)
    commanded = await run(state="paused")
    await Command.objects.acreate(run=commanded, number=1, kind="resume", payload={"by": "ada"})
    commanded_after_the_end = await run(state="completed")
    await Command.objects.acreate(run=commanded_after_the_end, number=1, kind="prune", payload={"by": "ada", "node": 1})
    forgotten = {row.pk for row in (never_rung, lost_message, worker_died, commanded, commanded_after_the_end)}

    await run(doorbell_at=now)  # its message may be on the way
    await run(state="running", **held)
    await run(state="paused")
    await run(state="completed")
    mine = await run(state="running", **expired)
    assert await _forgotten(db, ours=(mine.pk,)) == forgotten
    assert await _forgotten(db, ours=(mine.pk,)) == set(), "each is rung for once"


async def test_never_more_than_this_worker_could_take(db: Pool, make: Make) -> None:
    for _ in range(4):
        await make()
    assert len(await _forgotten(db, most=3)) == 3
    assert len(await _forgotten(db, most=3)) == 1


async def test_an_interactive_run_is_rung_for_before_a_batch(db: Pool, make: Make) -> None:
    await make(queue="batch")
    waiting = await make(queue="interactive")
    assert await _forgotten(db, most=1) == {waiting.pk}


async def test_a_lease_is_claimed_once_and_renewed_by_its_holder_only(db: Pool, make: Make) -> None:
    run = await make()
    async with db.connection() as connection:
        first = await claim(connection, run.pk, "one")
        assert first is not None
        assert await claim(connection, run.pk, "two") is None
        assert await beat(connection, first, 7)
        await connection.execute("UPDATE explorer_run SET lease = gen_random_uuid() WHERE id = %s", (run.pk,))
        assert not await beat(connection, first, 9)
    assert (await RunAttempt.objects.aget(run=run)).generated_tokens == 7


async def test_the_run_of_a_dead_process_is_free_at_once(db: Pool, make: Make) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])  # noqa: ASYNC220
    child.wait()
    dead, alive = f"{place()}:{child.pid}", f"{place()}:{os.getppid()}"
    runs = {name: await make() for name in (dead, alive, "elsewhere:1")}
    async with db.connection() as connection:
        for name, run in runs.items():
            assert await claim(connection, run.pk, name) is not None
        await connection.commit()
        await void_leases_of_the_dead(connection, ())
    leases = {name: (await Run.objects.aget(pk=run.pk)).lease for name, run in runs.items()}
    assert leases[dead] is None
    assert leases[alive] is not None
    assert leases["elsewhere:1"] is not None


def test_a_process_knows_only_its_neighbours() -> None:
    assert is_dead(worker_name())  # the caller says that this process does not hold the run
    assert not is_dead(f"{place()}:{os.getppid()}")
    assert not is_dead("another-host/boot/1:4711")


async def test_whoever_answers_the_bell_finds_the_run_free(db: Pool, make: Make) -> None:
    """The bell once rang before the dead worker's lease was committed away: the answer came to nothing."""
    run = await make(state="running", doorbell_at=timezone.now())
    child = subprocess.Popen([sys.executable, "-c", ""])  # noqa: ASYNC220
    child.wait()
    async with db.connection() as connection:
        assert await claim(connection, run.pk, f"{place()}:{child.pid}") is not None
    answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def answer(rung: UUID, queue: str) -> None:
        with psycopg.connect(**connection_parameters()) as connection:
            found = connection.execute("SELECT lease IS NULL FROM explorer_run WHERE id = %s", (rung,)).fetchone()
        assert found
        answered.get_loop().call_soon_threadsafe(answered.set_result, found[0])

    reaper = asyncio.create_task(reap_on(answer, lambda: 4, set))
    assert await asyncio.wait_for(answered, 10)
    reaper.cancel()
