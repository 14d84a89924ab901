"""JSON over HTTP on a connection that is opened again when it breaks; what may be sent twice is sent until it lands."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Away(RuntimeError):
    """The server could not be reached for as long as patience lasted."""


class Refused(RuntimeError):
    """The server said no, and would say no again."""


class Sender:
    """Calls of /api/v1. `url` is the site's address, with or without the prefix; `patience` is in seconds."""

    def __init__(self, url: str, token: str, patience: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url: {url!r} is no address like http://127.0.0.1:8000")
        self.site = f"{parts.scheme}://{parts.netloc}"
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._place = parts.netloc
        self._token = token
        self._patience = patience
        self._connection: HTTPConnection | None = None

    def call(self, path: str, body: Any) -> Any:
        """POST; the decoded answer.

        Raises:
            Away, Refused: see there.
        """
        raw = json.dumps(body).encode()
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                return self._once(path, raw)
            except (OSError, HTTPException) as error:
                self._close()
                if time.monotonic() - began > self._patience:
                    raise Away(f"{self.site} was away for {self._patience:g} s ({error})") from error
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _once(self, path: str, raw: bytes) -> Any:
        if self._connection is None:
            self._connection = self._kind(self._place, timeout=TIMEOUT_SECONDS)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request("POST", f"/api/v1{path}", raw, headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status in TRY_AGAIN:
            raise HTTPException(f"status {response.status}")
        if response.status >= 400:
            raise Refused(f"{path}: {response.status} {_reason(content)}")
        return json.loads(content)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _reason(content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return content[:200].decode(errors="replace")
