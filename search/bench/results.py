"""The results file: a header that says what is measured and with which models, then one JSON line per finished run.

It is only ever appended to, line by line, so whatever kills the benchmark loses at most the runs under way; a torn
last line is dropped when the file is opened again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

VERSION = 1
Row = dict[str, Any]
Header = dict[str, Any]

_NOT_THE_ENGINE = ("bench/", "cli/", "datasets/", "demo/", "figures.", "palette.", "chart_", "particle_figures.")
"""Sources below search/ that change no result: they read results, draw them, or train models (whose weights tell)."""


class BadResults(ValueError):
    """A results file cannot be used; the message says why and what to do."""


def engine_sha256() -> str:
    """A hash over the sources that can change a result: the version of the code where there is no git."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(_NOT_THE_ENGINE):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def header_for(plan: dict[str, Any], models: dict[str, Any]) -> Header:
    """The header of a benchmark; `models` are the descriptions `{policy, reward, drafts}`."""
    return {
        "kind": "bench",
        "version": VERSION,
        "engine_sha256": engine_sha256(),
        **models,
        "plan": plan,
    }


class Results:
    """The file of one benchmark, open for appending by one process at a time. Use as a context manager."""

    def __init__(self, path: Path, header: Header, *, allow_code_change: bool = False) -> None:
        """Open or begin the file.

        Raises:
            BadResults: it is no results file, somebody else writes to it, or it holds results of other models, other
                settings or (unless allowed) other code.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
        except OSError as error:
            raise BadResults(f"{path}: the results cannot be written ({error.strerror})") from error
        try:
            self._lock()
            self.done = self._take_over(header, allow_code_change)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, row: Row) -> None:
        """One finished run; on the disk when this returns."""
        self._write(row)
        self.done.add(row["cell"])

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadResults(f"{self.path}: another benchmark writes to this file; wait, or name another") from error

    def _take_over(self, header: Header, allow_code_change: bool) -> set[str]:
        """The cells that are done; the header is written where there is none, and a torn last line is cut off."""
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)
        if not whole:
            self._write(header)
            return set()
        records = list(_records(self.path, content[:whole]))
        stored, rows = records[0], records[1:]
        _refuse_others(self.path, stored, header)
        codes = [stored, *(row for row in rows if row.get("kind") == "code")]
        if codes[-1]["engine_sha256"] != header["engine_sha256"]:
            if not allow_code_change:
                raise BadResults(
                    f"{self.path}: the engine's code has changed since these results were made; name another results"
                    " file, or say --allow-code-change if the change cannot matter (the report will tell)"
                )
            self._write({"kind": "code", "engine_sha256": header["engine_sha256"]})
        return {row["cell"] for row in rows if "cell" in row}

    def _write(self, record: Row) -> None:
        self._file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read_results(path: Path) -> tuple[Header, list[Row], int]:
    """Header, rows, and how often the code changed on the way.

    Raises:
        BadResults: the file cannot be read or is no results file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadResults(f"{path}: the results cannot be read ({error.strerror})") from error
    records = list(_records(path, content[: content.rfind(b"\n") + 1]))
    if not records:
        raise BadResults(f"{path}: the file is empty; run the benchmark first")
    rows = {record["cell"]: record for record in records[1:] if "cell" in record}
    return records[0], list(rows.values()), sum(record.get("kind") == "code" for record in records[1:])


def _records(path: Path, content: bytes) -> Iterator[Row]:
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BadResults(f"{path}, line {number}: no JSON; this is no results file, or it was damaged") from error
        if number == 1 and (not isinstance(record, dict) or record.get("kind") != "bench"):
            raise BadResults(f"{path}: this is no results file of `python -m search bench`; name another")
        if number == 1 and record.get("version") != VERSION:
            raise BadResults(f"{path}: these results have version {record.get('version')}, this is version {VERSION}")
        yield record


def _refuse_others(path: Path, stored: Header, header: Header) -> None:
    if stored["drafts"] != header["drafts"]:
        raise BadResults(f"{path}: these results were made with other draft policies; name another file with --results")
    for kind in ("policy", "reward"):
        if stored[kind] != header[kind]:
            raise BadResults(
                f"{path}: these results were made with the {kind} {_model(stored[kind])}, this run would use"
                f" {_model(header[kind])}; results of different models are never mixed: name another results file with"
                " --results"
            )
    there, here = _comparable(stored["plan"]), _comparable(header["plan"])
    if there != here:
        raise BadResults(
            f"{path}: these results have other settings ({_first_difference(there, here)}); name another results file"
            " with --results"
        )


def _model(description: dict[str, Any] | None) -> str:
    if description is None:
        return "none"
    weights = description.get("weights_sha256")
    return f"{description['slug']} ({f'weights {weights[:12]}' if weights else 'no weights'})"


def _comparable(plan: dict[str, Any]) -> dict[str, Any]:
    """What must stay the same when a benchmark goes on: all but the numbers of problems and the seeds."""
    sets = [{name: value for name, value in some.items() if name != "problems"} for some in plan["sets"]]
    return {**{name: value for name, value in plan.items() if name != "seeds"}, "sets": sets}


def _first_difference(there: Any, here: Any, place: str = "") -> str:
    if isinstance(there, dict) and isinstance(here, dict):
        for name in [*there, *(name for name in here if name not in there)]:
            if there.get(name) != here.get(name):
                return _first_difference(there.get(name), here.get(name), f"{place}.{name}" if place else name)
    if isinstance(there, list) and isinstance(here, list):
        for number, (one, other) in enumerate(zip(there, here, strict=False)):
            if one != other:
                return _first_difference(one, other, f"{place}[{number}]")
        return f"{place}: {len(there)} entries there, {len(here)} here"
    return f"{place}: {there!r} there, {here!r} here"
