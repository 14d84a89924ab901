"""Runs the cells of a benchmark: many searches at once on one event loop, so that their requests share full batches."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from search.bench.cells import Cell
from search.bench.loaded import Loaded
from search.bench.results import Row
from search.bench.rows import row_of
from search.events import Event, Payload
from search.run import run_search
from search.spec import header_of

AT_ONCE = 32


async def run_cells(
    waiting: Iterable[Cell],
    models: Loaded,
    record: Callable[[Row], None],
    *,
    at_once: int = AT_ONCE,
    journals: Path | None = None,
) -> None:
    """Run them all; `record` gets each row as it is finished. Journals are kept below `journals`, if given.

    Raises:
        PolicyError, RewardError: a model failed; what was recorded holds.
    """
    queue: Iterator[Cell] = iter(waiting)

    async def work() -> None:
        for cell in queue:
            record(await run_cell(cell, models, journals))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())


async def run_cell(cell: Cell, models: Loaded, journals: Path | None) -> Row:
    """One search, and what the results keep of it."""
    draft = models.draft(cell.spec)
    header = header_of(cell.spec, models.policy, models.reward, draft=draft)
    events: list[Event] = []
    times: list[str] = []

    def sink(seq: int, kind: str, payload: Payload) -> None:
        events.append(Event(seq, kind, payload))
        if journals is not None:
            times.append(datetime.now(UTC).isoformat(timespec="microseconds"))

    started = time.monotonic()
    outcome = await run_search(header, policy=models.policy, reward=models.reward, draft=draft, sink=sink)
    if journals is not None:
        _write_journal(journal_path(journals, cell.id), header, events, times)
    return row_of(cell, outcome, events, time.monotonic() - started)


def journal_path(journals: Path, cell: str) -> Path:
    """Where the journal of a cell lies: `python -m search replay` opens it."""
    return journals / f"{cell}.jsonl"


def _write_journal(path: Path, header: dict[str, Any], events: list[Event], times: list[str]) -> None:
    """Whole or not at all: a kill leaves no half journal under its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as stream:
        for record in [
            {"kind": "header", **header},
            *(
                {"seq": event.seq, "kind": event.kind, "payload": event.payload, "at": at}
                for event, at in zip(events, times, strict=True)
            ),
        ]:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    os.replace(draft, path)
