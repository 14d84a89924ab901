"""Requests larger than any this server takes are refused before they are stored anywhere.

Django writes a request's whole body to disk before it asks who sent it, and twice for a file. What says by its
`Content-Length` that it is too large is read into nothing instead, so that every client gets to the answer; or not read
at all, where the client waits for leave to send (RFC 9110, section 10.1.1).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings

from app.config.problems import TooLarge

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FORM_BYTES = 64 * 1024
"""What a form may have beside its file."""


def too_large() -> TooLarge:
    """The refusal of a file."""
    limit = f"{settings.MAX_IMPORT_BYTES / 2**20:,.0f} MiB"
    return TooLarge(f"The file is larger than {limit}. Split it by lines and import the parts.")


class BodyLimit:
    """ASGI: in front of what answers HTTP. A file is the largest thing that anybody may send."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or leave it to the application."""
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or int(length) <= settings.MAX_IMPORT_BYTES + FORM_BYTES:
            await self._application(scope, receive, send)
            return
        while headers.get(b"expect", b"").lower() != b"100-continue":
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                break
        body = json.dumps(too_large().as_json()).encode()
        head = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 413, "headers": head})
        await send({"type": "http.response.body", "body": body})
