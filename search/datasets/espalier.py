"""Espalier's own: a run's journal as JSON Lines, the header and then the events by sequence. Lossless both ways.

A file may hold the journals of several runs one after the other; each begins with its header line. What
`python -m search run --jsonl` writes is such a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from search.datasets import MalformedRecord
from search.datasets.records import Journal
from search.datasets.values import Bad, json_values

NAME = "espalier"
HEADER = ("problem", "algorithm", "params", "seed", "policy", "sampling", "budget")


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record begins a journal."""
    return record.get("kind") == "header"


def read(stream: IO[bytes], bad: Bad | None = None) -> Iterator[tuple[int, Journal]]:
    """The journals of a file, each with the line of its header.

    A journal with a line that cannot be read is left out whole.

    Raises:
        MalformedRecord: the first such line, unless `bad` takes them.
    """
    journal: Journal | None = None
    spoiled = False
    begun = 0
    failures: list[MalformedRecord] = []
    for line, value in json_values(stream, None if bad is None else failures.append):
        begins = isinstance(value, dict) and recognises(value)
        spoiled |= _told(failures, bad)  # lines that are no JSON belong to the journal before
        if begins and journal is not None and not spoiled:
            yield begun, journal
        try:
            if begins:
                spoiled, journal = False, None
                begun, journal = line, Journal(_header(value, line), [])
            elif not spoiled:
                _take(journal, value, line)
        except MalformedRecord as error:
            if bad is None:
                raise
            bad(error)
            spoiled = True
    spoiled |= _told(failures, bad)
    if journal is not None and not spoiled:
        yield begun, journal


def _told(failures: list[MalformedRecord], bad: Bad | None) -> bool:
    """Pass the failures on; whether there were any."""
    told = bool(failures)
    for failure in failures:
        assert bad is not None
        bad(failure)
    failures.clear()
    return told


def lines(journal: Journal) -> Iterator[dict[str, Any]]:
    """The header's line and the events'."""
    yield {"kind": "header", **journal.header}
    yield from journal.events


def _header(value: dict[str, Any], line: int) -> dict[str, Any]:
    header = {name: item for name, item in value.items() if name != "kind"}
    for name in HEADER:
        if name not in header:
            raise MalformedRecord(line, name, "is missing from the journal's header")
    problem = header["problem"]
    if not isinstance(problem, dict) or not isinstance(problem.get("text"), str) or not problem["text"].strip():
        raise MalformedRecord(line, "problem.text", "must be a text that is not empty")
    if not isinstance(header["policy"], dict) or not isinstance(header["policy"].get("slug"), str):
        raise MalformedRecord(line, "policy.slug", "must be a text")
    return header


def _take(journal: Journal | None, value: Any, line: int) -> None:
    if journal is None:
        raise MalformedRecord(line, "kind", "comes before any header", "a journal begins with its header line")
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        raise MalformedRecord(line, "kind", "must be the name of an event")
    if not isinstance(value.get("payload"), dict):
        raise MalformedRecord(line, "payload", "must be an object")
    wanted = len(journal.events) + 1
    if value.get("seq") != wanted or isinstance(value["seq"], bool):
        wrong = f"is {value.get('seq')!r}, where {wanted} comes next"
        raise MalformedRecord(line, "seq", wrong, "events count from 1 without gaps")
    journal.events.append(value)
