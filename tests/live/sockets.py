"""Websockets against the whole ASGI application, in this process."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from app.config.asgi import application
from app.explorer.models import Run
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.flush import Flush, write
from app.explorer.store.pool import Pool
from app.teams.services import api_token_create
from tests.support.stored import expansions, lease_to, make_run, numbered


class Socket:
    """One connection; `messages` are what it was sent."""

    def __init__(self, run: UUID, after: int | str = 0, *, token: str | None = None, **headers: str) -> None:
        sent = {"host": "testserver"} | headers | ({"authorization": f"Bearer {token}"} if token else {})
        scope = {
            "type": "websocket",
            "path": f"/ws/runs/{run}/",
            "query_string": f"after={after}".encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "subprotocols": [],
        }
        self._application = ApplicationCommunicator(application, scope)
        self.messages: list[dict[str, Any]] = []

    async def open(self) -> dict[str, Any]:
        """Connect; the server's answer to the handshake."""
        await self._application.send_input({"type": "websocket.connect"})
        return await self._application.receive_output(10)

    async def next(self, seconds: float = 5) -> dict[str, Any]:
        """The next message; a close comes as `{"type": "close", "code": …}`."""
        # Not `receive_output`: that one ends the application when nothing comes in time.
        frame = await asyncio.wait_for(self._application.output_queue.get(), seconds)
        if frame["type"] == "websocket.close":
            return {"type": "close", "code": frame.get("code")}
        assert len(frame["text"].encode()) <= 256_000
        self.messages.append(json.loads(frame["text"]))
        return self.messages[-1]

    async def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing comes for so long."""
        return await self._application.receive_nothing(seconds)

    async def until(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """Read up to the first message of that type."""
        while (message := await self.next(seconds))["type"] != kind:
            assert message["type"] != "close", message
        return message

    async def close(self) -> None:
        """The client goes away."""
        await self._application.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._application.wait(5)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events of all batches, in the order they came."""
        return [event for message in self.messages if message["type"] == "batch" for event in message["events"]]


class Story:
    """A run that the test writes itself, flush by flush, as a worker would."""

    def __init__(self, pool: Pool, run: Run, token: str, lease: UUID) -> None:
        self.run, self.token = run, token
        self._pool, self._lease, self._packer = pool, lease, Packer()
        self.journal: list[JournalEvent] = []
        self._source = expansions(100_000)

    @classmethod
    async def begin(cls, pool: Pool, **fields: Any) -> Story:
        """A running run of a user who has a token."""

        def rows() -> tuple[Run, str, UUID]:
            run = make_run(**fields)
            assert run.created_by
            return run, api_token_create(run.created_by, "tests"), lease_to(run)

        return cls(pool, *await sync_to_async(rows)())

    async def write(self, count: int, **columns: Any) -> None:
        """Store `count` more events; nothing is announced."""
        head = len(self.journal)
        more = numbered((next(self._source) for _ in range(count)), after=head)
        packed, nodes = self._packer.pack(more)
        self.journal += more
        await write(self._pool, self.run.pk, self._lease, Flush(head, packed, nodes, run=columns))

    @property
    def shown(self) -> list[tuple[int, str, Any]]:
        """The journal as the live feed shows it: effects bare."""
        effects = ("generate", "score")
        return [(e.seq, e.kind, None if e.kind in effects else e.payload) for e in self.journal]


def shown(events: list[dict[str, Any]]) -> list[tuple[int, str, Any]]:
    """Received events in the form of `Story.shown`."""
    return [(event["seq"], event["kind"], event.get("payload")) for event in events]
