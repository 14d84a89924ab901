"""A benchmark on one process or on several, each with engines of its own. Rows come back to the one that writes them.

The embedded models are rerun-exact, so how the cells are shared out changes no result. Problems stay together: a
process works out the truth about a problem once for all strategies.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from search.bench.cells import Cell
from search.bench.loaded import Loaded
from search.bench.results import Row
from search.bench.runner import run_cells
from search.policies.base import PolicyError
from search.rewards.base import RewardError

Record = Callable[[Row], None]


class WorkerLost(RuntimeError):
    """A process of the benchmark ended without a word; finished runs are kept, the same command goes on."""


def run_here(cells: Sequence[Cell], record: Record, *, at_once: int, journals: Path | None) -> None:
    """All cells in this process."""
    if not cells:
        return
    models = Loaded.of(cell.spec for cell in cells)
    models.close_at_exit()
    try:
        asyncio.run(run_cells(cells, models, record, at_once=at_once, journals=journals))
    except* (PolicyError, RewardError) as group:
        raise group.exceptions[0] from None


def run_in(processes: int, cells: Sequence[Cell], record: Record, *, at_once: int, journals: Path | None) -> None:
    """The cells over that many processes; `record` is called here.

    Raises:
        PolicyError, RewardError: a model failed in one of them; the others are stopped.
        WorkerLost: a process died.
    """
    if processes == 1:
        run_here(cells, record, at_once=at_once, journals=journals)
        return
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    workers = []
    for number in range(processes):
        share = [cell for cell in cells if cell.problem % processes == number]
        if share:
            ours, theirs = context.Pipe(duplex=False)
            worker = context.Process(target=_work, args=(theirs, share, at_once, journals), daemon=True)
            worker.start()
            theirs.close()
            pipes.append(ours)
            workers.append(worker)
    try:
        while pipes:
            for ready in wait(pipes):
                assert isinstance(ready, Connection)
                _receive(ready, pipes, record)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _receive(pipe: Connection, pipes: list[Connection], record: Record) -> None:
    try:
        kind, content = pipe.recv()
    except EOFError:
        raise WorkerLost("a process of the benchmark died; run the same command again to go on") from None
    if kind == "row":
        record(content)
    elif kind == "done":
        pipes.remove(pipe)
    else:
        raise {"policy": PolicyError, "reward": RewardError}[kind](content)


def _work(pipe: Connection, cells: Sequence[Cell], at_once: int, journals: Path | None) -> None:
    """A worker process: sends ("row", row)…, then ("done", None), or what failed."""
    _end_with_parent()
    said: tuple[str, Any] = ("done", None)
    try:
        run_here(cells, lambda row: pipe.send(("row", row)), at_once=at_once, journals=journals)
    except PolicyError as error:
        said = ("policy", str(error))
    except RewardError as error:
        said = ("reward", str(error))
    pipe.send(said)


def _end_with_parent() -> None:
    """End at once when the process that writes the results is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch parent").start()
