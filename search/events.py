"""What a journal is made of: numbered events, their kinds, and their JSON Lines form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TextIO

Payload = dict[str, Any]

EFFECTS = frozenset({"generate", "score", "verify", "human", "deadline"})
"""Kinds whose results come from outside the search; on replay they are answered from the journal."""

OBSERVATIONS = frozenset(
    {
        "node_added",
        "prior",
        "scored",
        "backed_up",
        "pruned",
        "selected",
        "restored",
        "resampled",
        "verified",
        "answer",
        "budget",
        "finished",
    }
)
"""Kinds that follow from the effects; on replay they are emitted again and must come out equal."""


class Event(NamedTuple):
    """One entry of a run's journal; `seq` counts from 1 without gaps. `payload` is plain JSON."""

    seq: int
    kind: str
    payload: Payload


class MalformedJournal(ValueError):
    """A journal cannot be read; the message names the line or sequence number and what is wrong with it."""


def in_order(events: Iterable[Event]) -> Iterator[Event]:
    """The events, checked to be numbered 1, 2, 3, … .

    Raises:
        MalformedJournal: at the first number out of place.
    """
    for expected, event in enumerate(events, start=1):
        if event.seq != expected:
            raise MalformedJournal(f"event {expected} is missing: event {event.seq} came in its place")
        yield event


def read_jsonl(stream: TextIO) -> tuple[Payload, list[Event]]:
    """A journal's header and its events from JSON Lines (`at` and other extra fields are dropped).

    Raises:
        MalformedJournal: no header line, a line that is no JSON object, or numbers out of order.
    """
    header: Payload | None = None
    events: list[Event] = []
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if header is None:
                if record["kind"] != "header":
                    raise MalformedJournal("line 1 is not a header: a journal starts with its header line")
                header = {name: value for name, value in record.items() if name != "kind"}
            else:
                events.append(Event(record["seq"], record["kind"], record["payload"]))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise MalformedJournal(f"line {number} is not an event ({error!r})") from error
    if header is None:
        raise MalformedJournal("the journal is empty: not even a header line is there")
    return header, list(in_order(events))
