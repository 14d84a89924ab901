"""Who may open a websocket: our own pages, and scripts with a bearer token.

Browsers send cookies along with websockets opened by any site, so a socket that is authorised by a cookie must come
from a page of ours. A bearer header cannot be set by a page of another site; it needs no origin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

Scope = dict[str, Any]
ASGI = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class SameOrigin:
    """Refuses (HTTP 403) sockets of other origins before the application sees them."""

    def __init__(self, application: ASGI) -> None:
        self.application = application

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if _may_open(headers):
            await self.application(scope, receive, send)
            return
        await receive()  # the connect message; closing before accepting answers the handshake with 403
        await send({"type": "websocket.close", "code": 4403})


def _may_open(headers: dict[bytes, str]) -> bool:
    if headers.get(b"authorization", "").lower().startswith("bearer "):
        return True
    origin = headers.get(b"origin", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return bool(origin) and urlsplit(origin).netloc == headers.get(b"host")
