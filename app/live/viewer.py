"""What one socket is sent: everything after its sequence number, in order, each event once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from uuid import UUID

from app.live.feed import unwatch, watch
from app.live.protocol import Frame, Snapshot, batches, encode, end, hello
from app.live.reader import RunVanished, read_events, read_snapshot


class Viewer:
    """A socket that has seen everything up to `sent`."""

    def __init__(self, run: UUID, after: int) -> None:
        self._run = run
        self._sent = after
        self._told: Snapshot | None = None
        self._ended: Snapshot | None = None

    async def frames(self) -> AsyncGenerator[str, None]:
        """Text frames, until the socket is too slow: then a resync comes last.

        Raises:
            RunVanished: the run was deleted.
        """
        now = await read_snapshot(self._run)
        self._sent = min(self._sent, now.head)
        yield encode(hello(self._run, now))
        self._told = now
        async for text in self._catch_up(now):  # a long history at the socket's own pace: nothing queues meanwhile
            yield text
        watcher = watch(self._run)
        try:
            now = await read_snapshot(self._run)  # after `watch`, so that nothing falls between the two
            while True:
                async for text in self._catch_up(now):
                    yield text
                news = await watcher.next()
                if news is None:
                    break
                shared, newer = news
                if newer.head >= now.head:  # else it has waited in the queue while we read for ourselves
                    now = newer
                for frame in shared:
                    if self._continues(frame):
                        yield frame.text
                        self._sent, self._told = frame.to_seq, now
                # Frames that began in the middle of what was sent are read again by `_catch_up`.
            if watcher.vanished:
                raise RunVanished(str(self._run))
            yield encode({"type": "resync", "run": str(self._run), "after": self._sent})
        finally:
            unwatch(self._run, watcher)

    async def _catch_up(self, now: Snapshot) -> AsyncGenerator[str, None]:
        while self._sent < now.head:
            events = await read_events(self._run, self._sent, now.head)
            for frame in batches(self._run, self._sent, events, now):
                yield frame.text
                self._sent, self._told = frame.to_seq, now
        if now.tells_more_than(self._told):
            for frame in batches(self._run, now.head, [], now):
                yield frame.text
            self._told = now
        if now.finished and now.tells_more_than(self._ended):
            yield encode(end(self._run, now))
            self._ended = now

    def _continues(self, frame: Frame) -> bool:
        return frame.from_seq == self._sent + 1
