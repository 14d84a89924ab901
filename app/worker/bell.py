"""Commands of people, from their table into a running search's mailbox. Redis makes it quick, polling makes it sure."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.explorer.store.announce import commands_channel
from app.explorer.store.outages import OUTAGES, heed_cancellation
from app.explorer.store.pool import Pool
from app.worker.journal import JournalWriter
from search.commands import Command, Mailbox, RejectedCommand

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.5
_WAITING = """
SELECT id, kind, payload FROM explorer_command
WHERE run_id = %s AND applied_seq IS NULL AND error IS NULL ORDER BY number
"""


class CommandBell:
    """One subscription per process: wakes the run that a command was given to."""

    def __init__(self) -> None:
        self._ears: dict[str, asyncio.Event] = {}

    def listen(self, run: UUID) -> asyncio.Event:
        """An event that is set whenever somebody rings for the run."""
        return self._ears.setdefault(commands_channel(run), asyncio.Event())

    def forget(self, run: UUID) -> None:
        """Nobody here works on the run any more."""
        self._ears.pop(commands_channel(run), None)

    async def subscribe(self) -> None:
        """Listen for as long as the process lives; a restarted Redis is subscribed to again."""
        while True:
            try:
                async with Redis.from_url(settings.REDIS_URL) as redis, redis.pubsub() as subscription:
                    await subscription.psubscribe(commands_channel("*"))
                    async for message in subscription.listen():
                        ear = self._ears.get(_text(message["channel"]))
                        if ear is not None:
                            ear.set()
            except (RedisError, OSError) as error:
                log.warning("command bell is deaf, polling goes on", error=str(error))
            await asyncio.sleep(1)


class CommandFeed:
    """Moves the commands of one run into its mailbox, each once, in the order they were given."""

    def __init__(self, pool: Pool, run: UUID, bell: CommandBell, mailbox: Mailbox, writer: JournalWriter) -> None:
        self._pool = pool
        self._run = run
        self._ear = bell.listen(run)
        self._mailbox = mailbox
        self._writer = writer
        self._seen: set[UUID] = set()

    async def deliver(self) -> None:
        """Look once."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_WAITING, (self._run,))).fetchall()
        for number, kind, payload in rows:
            if number not in self._seen:
                self._seen.add(number)
                self._put(number, kind, payload)

    async def deliver_on(self) -> None:
        """Look whenever the bell rings, and every half second anyway."""
        while True:
            heed_cancellation()
            try:
                await self.deliver()
            except OUTAGES as error:
                log.warning("commands wait for PostgreSQL", run=str(self._run), error=str(error).strip())
            try:
                await asyncio.wait_for(self._ear.wait(), POLL_SECONDS)
            except TimeoutError:
                pass
            self._ear.clear()

    def _put(self, number: UUID, kind: str, payload: dict[str, Any]) -> None:
        fields = {name: payload.get(name) for name in ("node", "text", "n", "budget") if payload.get(name) is not None}
        try:
            command = Command.of({"id": str(number), "command": kind, "by": payload.get("by") or "", **fields})
        except RejectedCommand as error:
            self._writer.refuse(number, str(error))
        else:
            self._mailbox.put(command)


def _text(channel: bytes | str) -> str:
    return channel.decode() if isinstance(channel, bytes) else channel
