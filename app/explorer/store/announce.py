"""Telling viewers that a run moved on. An announcement may be lost: they ask PostgreSQL too."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)


def group_of(run: UUID | str) -> str:
    """The channel-layer group of a run's viewers."""
    return f"run.{run}"


def commands_channel(run: UUID | str) -> str:
    """The Redis channel on which the worker of a run hears that a command was stored."""
    return f"espalier:commands:{run}"


class Announcer:
    """Says "run R is at S" after commits. Latest wins: a slow Redis never makes a queue, a dead one no error."""

    def __init__(self, run: UUID) -> None:
        self._run = run
        self._head = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def say(self, head: int) -> None:
        """Announce `head`, soon."""
        self._head = head
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._announce())

    async def close(self) -> None:
        """Let the last announcement out, for at most a second."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=1)
            self._task.cancel()

    async def _announce(self) -> None:
        while self._news.is_set():
            self._news.clear()
            try:
                layer = get_channel_layer()
                await layer.group_send(
                    group_of(self._run), {"type": "run.advanced", "run": str(self._run), "head": self._head}
                )
            except Exception as error:  # whatever Redis or its client raise, a viewer's poll makes up for it
                log.warning("announcement lost", run=str(self._run), head=self._head, error=str(error))
