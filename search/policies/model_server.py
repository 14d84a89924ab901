"""A model server over HTTP: asked again with patience, and every failure named with the server and the mend."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx2

from search.policies.base import PolicyError
from search.policies.connections import Connections

logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs every request; a search makes thousands
LARGEST_ANSWER = 64 * 2**20
"""Bytes: what is longer is no model's answer."""
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 20.0
_QUOTED = 200


class Reading(Protocol):
    """What reads one answer, piece by piece."""

    def begin(self) -> None:
        """Forget what was read: the request is sent (again)."""

    def take(self, piece: dict[str, Any]) -> bool:
        """Read a piece; True when enough was read and the server may stop. Raises `Nonsense`."""

    def complete(self) -> str | None:
        """Once the answer has ended: what is missing, or None. Raises `Nonsense`."""


class Nonsense(ValueError):
    """The server's answer is not what was asked for; the message says what it is and what to mend."""


class Refused(PolicyError):
    """The server answered with a status that asking again does not change; `said` is its own message."""

    def __init__(self, message: str, said: str) -> None:
        self.said = said
        super().__init__(message)


class _Again(Exception):
    """It may work the next time; `after` is when the server wants to be asked, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(why)


@dataclass(frozen=True)
class Patience:
    """How long a server may take. `silence`: seconds without any word of an answer; `pause`: the first wait, doubled
    each time up to 20 s, of which a random share is waited (so that a hundred clients do not come back at once)."""

    connect: float = 5.0
    silence: float = 120.0
    retries: int = 3
    pause: float = 0.5


class ModelServer:
    """One server as one model's users see it. `settings` says where its address and key are written down."""

    def __init__(
        self,
        name: str,
        base_url: str,
        model: str,
        key: str | None,
        patience: Patience,
        connections: int,
        settings: str,
        models: str = "models",
        largest: int = LARGEST_ANSWER,
    ) -> None:
        """`models` is where it lists what it serves; an answer of more than `largest` bytes is none."""
        address = urlsplit(base_url)
        self._name = name
        self._url = base_url.rstrip("/")
        self.shown = f"{address.scheme}://{address.hostname}{f':{address.port}' if address.port else ''}{address.path}"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._patience = patience
        self._most = connections
        self._settings = settings
        self._models = models
        self._largest = largest
        # Of its own, so that waiting never touches a search's draws.
        self._jitter = random.Random(f"pauses of {name}")
        self._of_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = WeakKeyDictionary()

    async def ask(self, path: str, body: dict[str, Any], reading: Reading) -> None:
        """Post `body` and let `reading` read the answer, asking again when the server is busy, silent or gone.

        A cancelled task closes the connection, which tells the server to abort.

        Raises:
            PolicyError: it failed for good, or too often; names the server and what to mend.
        """
        attempts = self._patience.retries + 1
        for attempt in range(attempts):
            reading.begin()
            try:
                async with self._connections().one() as connection:  # waiting for one is not the server's silence
                    await self._once(connection, path, body, reading)
                return
            except Nonsense as nonsense:
                raise self.error(f"{nonsense}") from nonsense
            except _Again as trouble:
                if attempt + 1 == attempts:
                    times = "once" if attempts == 1 else f"{attempts} times"
                    raise self.error(f"{trouble} It was asked {times}.") from trouble
                await asyncio.sleep(self._pause(attempt, trouble.after))

    async def served(self) -> list[str]:
        """The names of the models it serves; none where it keeps no list. Asked once.

        Raises:
            PolicyError: it cannot be reached, hangs or answers nonsense; names the server and what to mend.
        """
        try:
            with self._translated():
                async with (
                    self._connections().one() as connection,
                    asyncio.timeout(self._patience.silence),
                    connection.stream("GET", self._models) as response,
                ):
                    if response.status_code in (404, 405):
                        return []
                    if response.status_code != 200:
                        await self._complain(connection, self._models, response)
                    found = _object(await _text(response, self._largest))
            return [str(entry["id"]) for entry in found["data"]]
        except TimeoutError as error:
            raise self.error(self._silent()) from error
        except (Nonsense, _Again) as trouble:
            raise self.error(str(trouble)) from trouble
        except (KeyError, TypeError) as error:
            what = f"answers {_quoted(json.dumps(found))} where a list of models was expected."
            raise self.error(f"{what} Is `base_url` an OpenAI-compatible API? It mostly ends in /v1.") from error

    async def _once(self, connection: httpx2.AsyncClient, path: str, body: dict[str, Any], reading: Reading) -> None:
        silence = self._patience.silence
        try:
            with self._translated():
                async with (
                    asyncio.timeout(silence) as limit,
                    connection.stream("POST", path, json=body) as response,
                ):
                    if response.status_code != 200:
                        await self._complain(connection, path, response)
                    async for piece in _pieces(response, self._largest):
                        limit.reschedule(asyncio.get_running_loop().time() + silence)
                        if reading.take(piece):
                            return
            if missing := reading.complete():
                raise _Again(f"closed the connection before its answer was whole ({missing}); look at its log.")
        except TimeoutError as error:
            raise _Again(self._silent()) from error

    def _silent(self) -> str:
        return (
            f"said nothing for {self._patience.silence:g} s. It hangs or has too much to do: look at its log, or raise"
            f" `timeout` in {self._settings}."
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What goes wrong on the way, in words."""
        try:
            yield
        except httpx2.ConnectTimeout as error:
            raise _Again(f"does not accept a connection within {self._patience.connect:g} s; is it up?") from error
        except httpx2.ConnectError as error:
            raise _Again(f"cannot be reached ({error or 'no connection'}): start it, or mend `base_url`.") from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            why = str(error) or type(error).__name__
            raise _Again(f"closed the connection before its answer was whole ({why}); look at its log.") from error
        except httpx2.InvalidURL as error:
            raise self.error(f"has no usable address: {error}. Mend `base_url`.") from error

    async def _complain(self, connection: httpx2.AsyncClient, path: str, response: httpx2.Response) -> None:
        """Raise what a status other than 200 means."""
        status, said = response.status_code, _said(await _text(response, self._largest))
        answered = f"answered {status}{f': {said}' if said else ''}"
        if status in _AGAIN:
            raise _Again(f"{answered}.", _seconds(response.headers.get("retry-after")))
        if status in (401, 403):
            raise self.error(f"{answered}. It does not take the key: set the variable that `api_key_env` names.")
        if status == 404:
            raise self.error(await self._not_found(connection, path, answered))
        if 300 <= status < 400:
            raise self.error(f"{answered}; it moved to {response.headers.get('location')}. Mend `base_url`.")
        raise Refused(str(self.error(f"{answered}.")), said)

    async def _not_found(self, connection: httpx2.AsyncClient, path: str, answered: str) -> str:
        """Is it the model that is not there, or the address?"""
        try:
            async with asyncio.timeout(self._patience.connect):
                served = (await connection.get(self._models)).json()
            names = [str(entry["id"]) for entry in served["data"]]
        except (httpx2.HTTPError, TimeoutError, ValueError, KeyError, TypeError):
            return f"{answered}. Nothing is at {self.shown}/{path}: mend `base_url` (it mostly ends in /v1)."
        if self._model in names:
            return f"{answered}. It serves {self._model!r}, but has no {path}: mend `api`."
        return f"{answered}. It serves no model {self._model!r}, but {', '.join(names) or 'none'}: mend `model`."

    def error(self, what: str) -> PolicyError:
        """The failure `what`, with the server's name before it and where it is set up behind it."""
        return PolicyError(f"{self._name}: the model server {self.shown} {what} ({self._settings})")

    def _pause(self, attempt: int, after: float | None) -> float:
        if after is not None:
            return min(after, _LONGEST_PAUSE)
        return self._jitter.uniform(0.5, 1.0) * min(self._patience.pause * 2**attempt, _LONGEST_PAUSE)

    def _connections(self) -> Connections:
        loop = asyncio.get_running_loop()
        if loop not in self._of_loop:
            self._of_loop[loop] = Connections(f"{self._url}/", self._headers, self._patience.connect, self._most)
        return self._of_loop[loop]


async def _pieces(response: httpx2.Response, largest: int) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream, or the one object of an answer that is none."""
    if "text/event-stream" not in response.headers.get("content-type", ""):
        yield _object(await _text(response, largest))
        return
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            event = line.removeprefix("data:").strip()
            if event == "[DONE]":
                return
            yield _object(event)


async def _text(response: httpx2.Response, largest: int) -> str:
    received = bytearray()
    async for block in response.aiter_bytes():
        received += block
        if len(received) > largest:
            raise Nonsense(f"sends more than {largest // 2**20} MB. Is `base_url` that of a model server?")
    return received.decode("utf-8", "replace")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Nonsense(f"answers what is not JSON: {_quoted(text)}. Is `base_url` an OpenAI-compatible API?") from error
    if not isinstance(found, dict):
        raise Nonsense(f"answers {_quoted(text)} where an object was expected. Is `base_url` right?")
    if found.get("error"):  # some servers report what went wrong in the middle of a stream
        raise Nonsense(f"reports: {_said(text)}.")
    return found


def _said(text: str) -> str:
    """The message in an error's body, in whichever of the usual places."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return _quoted(text) if text.strip() else ""
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    return _quoted(found if isinstance(found, str) else json.dumps(found)).strip("'\"")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…")


def _seconds(after: str | None) -> float | None:
    try:
        return None if after is None else max(0.0, float(after))
    except ValueError:  # a date: then our own pauses
        return None
