"""Readers and writers of training-data formats, one file each. They stream: no format is ever held in memory whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any


class MalformedRecord(ValueError):
    """A line of a data set cannot be read; names the line, the field and what it should be."""

    def __init__(self, line: int, field: str, message: str) -> None:
        self.line = line
        self.field = field
        self.message = message
        super().__init__(f"line {line}, {field}: {message}")


def json_lines(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) of every line that is not empty.

    Raises:
        MalformedRecord: a line is not UTF-8, not JSON, or not an object.
    """
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise MalformedRecord(number, "line", f"is not JSON ({error})") from error
        if not isinstance(record, dict):
            raise MalformedRecord(number, "line", "is not an object")
        yield number, record
