"""A file as a stream of JSON objects: JSON Lines, one array of objects, or objects written over several lines.

Memory holds one object at a time. Every object comes with the number of the line it begins in.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO, Any, TypeVar

from search.datasets import MalformedRecord

MOST_BYTES = 64 * 2**20
"""The longest object that is read. A line of gigabytes is a wrong file, and must not become memory."""
CHUNK = 2**18
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

R = TypeVar("R")
Bad = Callable[[MalformedRecord], None]
"""Told of each record that cannot be read; the rest is read on. None: the first one is raised."""


def read_records(
    stream: IO[bytes], parse: Callable[[dict[str, Any], int], R], bad: Bad | None = None
) -> Iterator[tuple[int, R]]:
    """The line of every object of the file, and what `parse` (of the object and its line) makes of it.

    Raises:
        MalformedRecord: the first object that cannot be read, unless `bad` takes them.
    """
    for line, value in json_values(stream, bad):
        try:
            if not isinstance(value, dict):
                raise MalformedRecord(line, "line", "is not an object", "each record is a JSON object: {…}")
            yield line, parse(value, line)
        except MalformedRecord as error:
            if bad is None:
                raise
            bad(error)


def json_values(stream: IO[bytes], bad: Bad | None = None) -> Iterator[tuple[int, Any]]:
    """(line number from 1, value) of every JSON value; the file's outermost array is taken apart."""
    number, first = 0, b""
    while not first.strip():
        first = stream.readline(MOST_BYTES + 1)
        number += 1
        if not first:
            return
        if number == 1:
            first = first.removeprefix(codecs.BOM_UTF8)
    if first.startswith(UTF_16) or b"\0" in first[:4]:
        raise MalformedRecord(number, "file", "is UTF-16 or UTF-32", "save it as UTF-8")
    if first.lstrip()[:1] != b"[":
        second = stream.readline(MOST_BYTES + 1)
        if _is_json(first) or first.lstrip()[:1] != b"{" or second[:1] == b"{":
            yield from _lines(stream, (first, second), number, bad)
            return
        first += second  # an object over several lines
    try:
        yield from _values(stream, first, number)
    except MalformedRecord as error:  # where the next object begins cannot be known
        if bad is None:
            raise
        bad(error)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _lines(stream: IO[bytes], begun: tuple[bytes, bytes], number: int, bad: Bad | None) -> Iterator[tuple[int, Any]]:
    further = iter(lambda: stream.readline(MOST_BYTES + 1), b"")
    for at, line in enumerate(chain(begun, further), start=number):
        if not line.strip():
            continue
        try:
            value = _loaded(line, at)
        except MalformedRecord as error:
            if bad is None or len(line) > MOST_BYTES:
                raise
            bad(error)
        else:
            yield at, value


def _loaded(line: bytes, number: int) -> Any:
    if len(line) > MOST_BYTES:
        raise MalformedRecord(number, "line", f"is longer than {MOST_BYTES // 2**20} MiB", "write a record per line")
    try:
        return json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        wrong = f"is not UTF-8 (byte 0x{line[error.start]:02x} at position {error.start + 1})"
        raise MalformedRecord(number, "line", wrong, "save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"is not JSON ({error.msg} at column {error.colno})"
        raise MalformedRecord(number, "line", where, "each line is one JSON object") from error
    except RecursionError as error:
        raise MalformedRecord(number, "line", "is nested too deeply", _FLAT) from error
    except ValueError as error:
        raise MalformedRecord(number, "line", f"is not JSON ({error})") from error


_FLAT = "write a deep tree as a list of nodes with the ids of their parents"


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number; write null")


def _values(stream: IO[bytes], first: bytes, number: int) -> Iterator[tuple[int, Any]]:
    """Values one after the other, or the items of one array, whatever the line breaks."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    window = _Window(stream, first, number)
    in_array = window.skip(_SPACE) == "["
    if in_array:
        window.take_to(window.at + 1)
    while (mark := window.skip(_BETWEEN)) and mark != "]":
        size = CHUNK
        while True:
            try:
                value, end = decoder.raw_decode(window.text, window.at)
                break
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(window.text) - 16
                if not (cut and window.read(size)):
                    line = window.line + window.text.count("\n", window.at, error.pos)
                    raise MalformedRecord(line, "file", f"is not JSON ({error.msg})", "mend it there") from error
                size *= 2  # an object of many chunks is not parsed from its beginning for each of them
            except RecursionError as error:
                raise MalformedRecord(window.line, "file", "is nested too deeply", _FLAT) from error
            except ValueError as error:
                raise MalformedRecord(window.line, "file", f"is not JSON ({error})") from error
        yield window.line, value
        window.take_to(end)
    if in_array and not mark:
        raise MalformedRecord(window.line, "file", "ends inside its array", "the file was cut off; fetch it again")


_SPACE, _BETWEEN = re.compile(r"[ \t\r\n]*"), re.compile(r"[ \t\r\n,]*")


class _Window:
    """The text that was read, `at` where it is parsed up to, and the line that begins in.

    What was parsed is thrown away when more is read, not for every value: a window holds many small ones.
    """

    def __init__(self, stream: IO[bytes], first: bytes, line: int) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.line = line
        self.text, self.at = "", 0
        self._decode(first)

    def read(self, size: int) -> bool:
        """`size` more bytes; False at the end of the file."""
        self.text, self.at = self.text[self.at :], 0
        if len(self.text) > MOST_BYTES:
            raise MalformedRecord(self.line, "file", f"has an object of more than {MOST_BYTES // 2**20} MiB")
        more = self._stream.read(size)
        self._decode(more)
        return bool(more)

    def take_to(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def skip(self, characters: re.Pattern[str]) -> str:
        """Pass over these characters; the next other one, or nothing at the end of the file."""
        while True:
            passed = characters.match(self.text, self.at)
            assert passed is not None  # none of them is a match too
            self.take_to(passed.end())
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.read(CHUNK):
                return ""

    def _decode(self, more: bytes) -> None:
        try:
            self.text += self._decoder.decode(more, final=not more)
        except UnicodeDecodeError as error:
            line = self.line + self.text.count("\n") + more.count(b"\n", 0, error.start)
            raise MalformedRecord(line, "file", f"is not UTF-8 ({error.reason})", "save the file as UTF-8") from error
