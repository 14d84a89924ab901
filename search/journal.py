"""The journal: what happened, in order. A stored one answers effects on replay and checks every observation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from search.events import Event, Payload

Sink = Callable[[int, str, Payload], None]
"""Takes each new event as (seq, kind, payload), synchronously and in order."""

TOLERANCE = 1e-9
"""How far a re-emitted float may be from the stored one."""


class NonDeterministicReplay(RuntimeError):
    """A replay came out otherwise than the journal says; names the sequence number and holds both payloads."""

    def __init__(self, seq: int, stored: tuple[str, Payload], emitted: tuple[str, Payload | None]) -> None:
        self.seq = seq
        self.stored = stored
        self.emitted = emitted
        super().__init__(
            f"non-deterministic replay at event {seq}: the journal has {stored[0]} {_short(stored[1])},"
            f" the replay came to {emitted[0]} {_short(emitted[1])}"
        )


class Journal:
    """Stored events first, then new ones to the sink.

    `position` counts the events behind us; while it is below the stored length the journal is replaying. `commands`
    maps the id of every journaled command to its sequence number.
    """

    def __init__(self, stored: Sequence[Event] = (), sink: Sink | None = None, *, position: int = 0) -> None:
        self._stored = stored
        self._sink = sink
        self.position = position
        self.commands = {event.payload["id"]: event.seq for event in stored if event.kind == "human"}

    @property
    def replaying(self) -> bool:
        """True while stored events lie ahead."""
        return self.position < len(self._stored)

    def peek(self) -> Event | None:
        """The next stored event, or None at the live end."""
        return self._stored[self.position] if self.replaying else None

    def take(self, kind: str, expected: Payload | None = None) -> Event:
        """The next stored event, which must be the effect `kind`, with `expected` among its payload.

        Raises:
            NonDeterministicReplay: it is not.
        """
        event = self._stored[self.position]
        if event.kind != kind or any(not equal(event.payload.get(k), v) for k, v in (expected or {}).items()):
            raise NonDeterministicReplay(event.seq, (event.kind, event.payload), (kind, expected))
        self.position += 1
        return event

    def differ(self, event: Event, emitted: Payload) -> NoReturn:
        """Report that the replay asks for something else than the stored effect answered."""
        raise NonDeterministicReplay(event.seq, (event.kind, event.payload), (event.kind, emitted))

    def append(self, kind: str, payload: Payload) -> Event:
        """A new event at the live end."""
        if self.position < len(self._stored):
            raise RuntimeError("a new event was appended while stored ones lie ahead")
        seq = self.position = self.position + 1
        if kind == "human":
            self.commands[payload["id"]] = seq
        if self._sink is not None:
            self._sink(seq, kind, payload)
        return Event(seq, kind, payload)

    def observe(self, kind: str, payload: Payload) -> Event:
        """An observation: compared with the stored one on replay, appended at the live end.

        Raises:
            NonDeterministicReplay: the stored event is another.
        """
        if self.position >= len(self._stored):
            return self.append(kind, payload)
        event = self._stored[self.position]
        if event.kind != kind or not equal(event.payload, payload):
            raise NonDeterministicReplay(event.seq, (event.kind, event.payload), (kind, payload))
        self.position += 1
        return event


def equal(stored: Any, emitted: Any) -> bool:
    """Plain JSON equality, floats within 1e-9 (absolute, or relative for numbers above 1)."""
    if isinstance(stored, bool) or isinstance(emitted, bool):
        return stored is emitted
    if isinstance(stored, int | float) and isinstance(emitted, int | float):
        return math.isclose(stored, emitted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(stored, dict) and isinstance(emitted, dict):
        return stored.keys() == emitted.keys() and all(equal(stored[name], emitted[name]) for name in stored)
    if isinstance(stored, list) and isinstance(emitted, list):
        return len(stored) == len(emitted) and all(map(equal, stored, emitted))
    return bool(stored == emitted)


def _short(payload: Payload | None) -> str:
    text = repr(payload)
    return text if len(text) <= 300 else f"{text[:300]}…"
