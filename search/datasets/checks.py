"""What fields of a record must be. Each refusal names line, field and mend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from search.datasets import MalformedRecord
from search.datasets.records import SOURCES, Origin, Rating

Values = Mapping[str, Any]


def text_of(record: Values, name: str, line: int, *, path: str = "", empty: bool = True) -> str:
    """A text; with `empty` false, one that is not blank."""
    value = record.get(name)
    if not isinstance(value, str) or not (empty or value.strip()):
        raise MalformedRecord(line, path + name, "must be a text" if empty else "must be a text that is not empty")
    return value


def optional_text(record: Values, name: str, line: int, *, path: str = "") -> str | None:
    """A text, or None where there is none."""
    return None if record.get(name) is None else text_of(record, name, line, path=path)


def texts_of(record: Values, name: str, line: int) -> tuple[str, ...]:
    """At least one text."""
    value = record.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise MalformedRecord(line, name, "must be a list of at least one text")
    return tuple(value)


def list_of(record: Values, name: str, line: int, *, path: str = "", length: int | None = None) -> list[Any]:
    """A list, of `length` items if that is given."""
    value = record.get(name)
    if not isinstance(value, list) or (length is not None and len(value) != length):
        wanted = "must be a list" if length is None else f"must be a list of {length} items, one per step"
        raise MalformedRecord(line, path + name, wanted)
    return value


def object_of(record: Values, name: str, line: int, *, path: str = "") -> dict[str, Any]:
    """An object."""
    value = record.get(name)
    if not isinstance(value, dict):
        raise MalformedRecord(line, path + name, "must be an object: {…}")
    return value


def number_of(value: object, name: str, line: int) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise MalformedRecord(line, name, f"{value!r} is no number")
    return float(value)


def share_of(value: object, name: str, line: int) -> float | None:
    """A number from 0 to 1, or None where there is none: an estimate that was not made is not 0."""
    if value is None:
        return None
    share = number_of(value, name, line)
    if not 0 <= share <= 1:
        raise MalformedRecord(line, name, f"{value!r} is not from 0 to 1")
    return share


def rating_of(value: object, name: str, line: int) -> Rating:
    """−1, 0, 1, or None."""
    if value is not None and (isinstance(value, bool) or value not in (-1, 0, 1)):
        raise MalformedRecord(line, name, f"{value!r} is no rating", "-1 bad, 0 neutral, 1 good, or null")
    return None if value is None else int(value)


def origin_of(record: Values, line: int, otherwise: Origin) -> Origin:
    """The record's `provenance`, or `otherwise` where there is none."""
    value = record.get("provenance")
    if value is None:
        return otherwise
    if not isinstance(value, dict):
        raise MalformedRecord(line, "provenance", "must be an object: {source, by, at, run}")
    if value.get("source") not in SOURCES:
        raise MalformedRecord(line, "provenance.source", f"{value.get('source')!r} is none of {', '.join(SOURCES)}")
    words = {name: value.get(name) or "" for name in ("by", "at", "run")}
    for name, word in words.items():
        if not isinstance(word, str):
            raise MalformedRecord(line, f"provenance.{name}", "must be a text")
    return Origin(value["source"], **words)


def provenance(origin: Origin) -> dict[str, str]:
    """An origin as every format of ours writes it: texts only, so that columns keep one type."""
    return {"source": origin.source, "by": origin.by, "at": origin.at, "run": origin.run}


def steps_before_unmarked(ratings: Sequence[Rating]) -> int:
    """How many steps from the beginning are marked without a gap."""
    return next((at for at, rating in enumerate(ratings) if rating is None), len(ratings))
