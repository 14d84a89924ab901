"""Everything this worker process works on: takes runs, keeps them apart, and lets go of all of them on SIGTERM."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from app.explorer.store.pool import pool
from app.worker.attempt import Attempt
from app.worker.bell import CommandBell
from app.worker.identity import worker_name
from app.worker.lease import Claim, claim
from app.worker.loop import searches
from app.worker.patience import patiently
from app.worker.reaper import Ring, reap_on

log = structlog.get_logger(__name__)
POOL_SIZE = 8


class Station:
    """One per process; its methods run on the worker's event loop unless they say otherwise."""

    def __init__(self) -> None:
        self.name = worker_name()
        self._bell = CommandBell()
        self._attempts: dict[UUID, Attempt | None] = {}
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, slots: int, ring: Ring) -> None:
        """Begin to hear commands and to look after forgotten runs, at most `slots` at once."""
        await pool(POOL_SIZE)
        self._tasks = [
            asyncio.create_task(self._bell.subscribe()),
            asyncio.create_task(reap_on(ring, lambda: slots - len(self._attempts), lambda: set(self._attempts))),
        ]

    async def work_on(self, run: UUID) -> None:
        """Take the run if it wants work and nobody has it, and stay with it as long as it does.

        Commands that come while an attempt is ending are found by the next claim.
        """
        if run in self._attempts:
            return
        self._attempts[run] = None
        head = -1
        try:
            while not self._stopping and (claimed := await patiently(lambda: self._claim(run))) is not None:
                if claimed.head == head:
                    await asyncio.sleep(0.5)  # the last attempt wrote nothing: no hurry to see the same again
                head = claimed.head
                attempt = Attempt(await pool(), claimed, self._bell)
                self._attempts[run] = attempt
                if self._stopping:
                    attempt.stop()
                log.info("attempt begins", run=str(run), state=claimed.state, head=claimed.head)
                await attempt.run()
                self._attempts[run] = None
        finally:
            del self._attempts[run]

    def stop_from_any_thread(self) -> None:
        """`stop`, from Celery's signal handlers."""
        searches.loop.call_soon_threadsafe(self.stop)

    def stop(self) -> None:
        """Let every run come to a durable boundary and give the leases back; take no new ones."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        for attempt in self._attempts.values():
            if attempt is not None:
                attempt.stop()

    async def _claim(self, run: UUID) -> Claim | None:
        if self._stopping:
            return None
        async with (await pool()).connection() as connection:
            return await claim(connection, run, self.name)


station = Station()
