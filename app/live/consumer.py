"""The websocket of a run: who may listen, and for how long."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db.utils import Error as DatabaseError

from app.explorer.models import Run
from app.explorer.store.outages import OUTAGES
from app.live.reader import RunVanished
from app.live.viewer import Viewer
from app.teams.permissions import visible_to
from app.teams.principals import bearer_token, principal_of_bearer, principal_of_cookie

BAD_REQUEST, WHO, FORBIDDEN, ABSENT, RESYNC, TRY_AGAIN = 4400, 4401, 4403, 4404, 4408, 1013
RECHECK_SECONDS = 5.0  # a member who was removed, a link that was revoked, a token that was withdrawn


class RunConsumer(AsyncWebsocketConsumer):
    """Sends; what a client sends is ignored. Close codes: 4401 nobody, 4403 no longer allowed, 4404 no such run."""

    # No layer of its own: news come through the run's feed, and a dead Redis must not close sockets.
    channel_layer_alias = "unused"

    async def connect(self) -> None:
        """Accept first: a browser only learns the close code of an accepted socket."""
        self._tasks: list[asyncio.Task[None]] = []
        await self.accept()
        after = parse_qs(self.scope["query_string"].decode("latin-1")).get("after", ["0"])[-1]
        if not after.isdecimal():
            await self.close(BAD_REQUEST, "after: give the last sequence number you have, or 0")
            return
        self._run: UUID = self.scope["url_route"]["kwargs"]["run"]
        if refusal := await self._refusal():
            await self.close(*refusal)
            return
        self._tasks = [asyncio.create_task(self._send_on(int(after))), asyncio.create_task(self._check_on())]

    async def disconnect(self, code: int) -> None:
        """Stop both tasks."""
        for task in self._tasks:
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Commands go through the API, where they are stored before anybody acts on them."""

    async def _send_on(self, after: int) -> None:
        try:
            async with aclosing(Viewer(self._run, after).frames()) as frames:
                async for text in frames:
                    await self.send(text_data=text)
            await self.close(RESYNC, "too slow: connect again")
        except RunVanished:
            await self.close(ABSENT, "the run was deleted")
        except OUTAGES:
            await self.close(TRY_AGAIN, "the database is away: connect again")

    async def _check_on(self) -> None:
        this = asyncio.current_task()
        # asgiref may swallow a cancellation that comes while its thread works: ask whether one was meant.
        while this is not None and not this.cancelling():
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                refusal = await self._refusal()
            except DatabaseError:  # away: asked again in a moment
                continue
            if refusal:
                self._tasks[0].cancel()
                await asyncio.wait(self._tasks[:1])
                await self.close(FORBIDDEN, "you may no longer see this run")
                return

    @database_sync_to_async
    def _refusal(self) -> tuple[int, str] | None:
        """Why this socket may not listen; asked anew each time, since tokens and memberships end."""
        principal = self._principal()
        if principal is None:
            return WHO, "sign in, or send a bearer token"
        if not visible_to(principal, Run).filter(pk=self._run).exists():
            return ABSENT, "no such run"
        return None

    def _principal(self) -> Any:
        headers = {name.decode("latin-1").title(): value.decode("latin-1") for name, value in self.scope["headers"]}
        token = bearer_token(headers)
        if token is not None:
            return principal_of_bearer(token)
        user = self.scope["user"]
        if user.is_authenticated:
            user.refresh_from_db(fields=["is_active"])
        return principal_of_cookie(user, self.scope["session"])
