"""One reader per process and run, whatever the number of sockets: PostgreSQL is asked once, frames are shared."""

from __future__ import annotations

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from app.explorer.store.outages import OUTAGES, heed_cancellation
from app.live.announcements import listen
from app.live.protocol import Frame, Snapshot, batches
from app.live.reader import RunVanished, read_events, read_snapshot

log = structlog.get_logger(__name__)
POLL_SECONDS = 1.0  # the last announcement may be the lost one
MERGE_SECONDS = 0.05
QUEUE_FRAMES = 64  # what a socket may lie behind before it is told to reconnect


class Watcher:
    """One socket's bounded queue of news. `overflowed` means: some were dropped, the socket must resync."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[tuple[list[Frame], Snapshot]] = asyncio.Queue(QUEUE_FRAMES)
        self.overflowed = False
        self.vanished = False

    async def next(self) -> tuple[list[Frame], Snapshot] | None:
        """The next frames with the snapshot they belong to; None when no more will come."""
        while not self.overflowed and not self.vanished:
            try:
                return await asyncio.wait_for(self._news.get(), 1.0)
            except TimeoutError:
                continue
        return None

    def tell(self, frames: list[Frame], now: Snapshot) -> None:
        """Never waits: a slow socket must not hold up the others."""
        try:
            self._news.put_nowait((frames, now))
        except asyncio.QueueFull:
            self.overflowed = True


class RunFeed:
    """Follows one run while somebody watches it."""

    def __init__(self, run: UUID) -> None:
        self._run = run
        self._watchers: set[Watcher] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, watcher: Watcher) -> None:
        """Start following with the first watcher."""
        self._watchers.add(watcher)
        self._wake.set()
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(listen(self._run, self._wake))]

    def remove(self, watcher: Watcher) -> bool:
        """Stop following with the last watcher; True when nobody is left."""
        self._watchers.discard(watcher)
        if self._watchers:
            return False
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        return True

    async def _follow(self) -> None:
        last: Snapshot | None = None
        while True:
            heed_cancellation()
            self._wake.clear()
            try:
                last = await self._advance(last)
            except RunVanished:
                for watcher in self._watchers:
                    watcher.vanished = True
                return
            except OUTAGES as error:
                log.warning("live feed waits for PostgreSQL", run=str(self._run), error=str(error).strip())
            await asyncio.sleep(MERGE_SECONDS)
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            except TimeoutError:
                pass

    async def _advance(self, last: Snapshot | None) -> Snapshot:
        now = await read_snapshot(self._run)
        after = now.head if last is None else last.head
        told = False
        while after < now.head:
            events = await read_events(self._run, after, now.head)
            frames = list(batches(self._run, after, events, now))
            after += len(events)
            self._tell(frames, now)
            told = True
        if not told and now.tells_more_than(last):
            self._tell([], now)
        return now

    def _tell(self, frames: list[Frame], now: Snapshot) -> None:
        for watcher in self._watchers:
            watcher.tell(frames, now)


_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[UUID, RunFeed]] = WeakKeyDictionary()


def watch(run: UUID) -> Watcher:
    """Begin to watch a run on the running loop."""
    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    watcher = Watcher()
    feeds.setdefault(run, RunFeed(run)).add(watcher)
    return watcher


def unwatch(run: UUID, watcher: Watcher) -> None:
    """Stop watching; the last one stops the reader."""
    feeds = _feeds.get(asyncio.get_running_loop(), {})
    if run in feeds and feeds[run].remove(watcher):
        del feeds[run]
