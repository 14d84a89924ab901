"""Two gigabytes sent to the server: refused with what to do, and stored nowhere."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from typing import Any

import pytest

from app.config.asgi import application

BLOCK = b"\0" * 2**24
TWO_GIB = 2**31


async def answer(length: int, blocks: int, *headers: tuple[bytes, bytes]) -> tuple[int, Any, int]:
    """Status, document, and how many blocks were asked for."""
    sent: list[dict[str, Any]] = []
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": BLOCK, "more_body": read < blocks}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/imports", "raw_path": b"/api/v1/imports",
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("localhost", 80),
        "headers": [(b"content-length", str(length).encode()), *headers],
    }  # fmt: skip
    await application(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"]), read


async def test_two_gigabytes_are_read_into_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tempfile, "SpooledTemporaryFile")  # what Django keeps a body in
    status, document, read = await answer(TWO_GIB, TWO_GIB // len(BLOCK))
    assert (status, document["type"], read) == (413, "/problems/too-large", 128)
    assert "larger than 1,024 MiB. Split it by lines" in document["detail"]


async def test_who_waits_for_leave_to_send_need_not_send() -> None:
    status, _, read = await answer(TWO_GIB, 1, (b"expect", b"100-continue"))
    assert (status, read) == (413, 0)
