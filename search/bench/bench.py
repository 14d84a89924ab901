"""One benchmark from plan to results: problems, cells, what is done already, and the rest of the work."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from search.bench.cells import MOST_CELLS, cells
from search.bench.loaded import Loaded
from search.bench.plan import BadPlan, Plan
from search.bench.problem_sets import problems_of
from search.bench.processes import run_in
from search.bench.results import Results, Row, header_for

SAID_EVERY = 10.0
"""Seconds between lines of progress."""


@dataclass(frozen=True, slots=True)
class How:
    """How a benchmark is run; none of it changes a result."""

    processes: int = 1
    at_once: int = 32
    journals: Path | None = None
    allow_code_change: bool = False


def run_bench(plan: Plan, path: Path, how: How, say: TextIO = sys.stderr) -> None:
    """Run what is not in the results file yet.

    Raises:
        BadPlan, BadProblems, BadResults: nothing was run.
        PolicyError, RewardError, WorkerLost: it stopped on the way; the same command goes on.
    """
    every = list(cells(plan, {some.name: problems_of(some, plan.split) for some in plan.sets}))
    if len(every) > MOST_CELLS:
        raise BadPlan(f"the plan has {len(every)} runs; ask for at most {MOST_CELLS}")
    header = header_for(plan.model_dump(mode="json"), Loaded.of(cell.spec for cell in every).describe())
    with Results(path, header, allow_code_change=how.allow_code_change) as results:
        todo = [cell for cell in every if cell.id not in results.done]
        progress = _Progress(len(every), len(todo), say)

        def record(row: Row) -> None:
            results.append(row)
            progress.add(row)

        run_in(how.processes, todo, record, at_once=how.at_once, journals=how.journals)
        progress.end()


class _Progress:
    """A line now and then: runs done, tokens a second, minutes to go."""

    def __init__(self, total: int, todo: int, say: TextIO) -> None:
        self._total, self._todo, self._say = total, todo, say
        self._began = self._said = time.monotonic()
        self._runs = self._tokens = 0
        if todo < total:
            print(f"{total - todo} of {total} runs are done already", file=say, flush=True)

    def add(self, row: Row) -> None:
        self._runs += 1
        self._tokens += row["tokens"]
        if time.monotonic() - self._said >= SAID_EVERY:
            self._said = time.monotonic()
            self._line()

    def end(self) -> None:
        if self._runs:
            self._line()

    def _line(self) -> None:
        passed = time.monotonic() - self._began
        left = (self._todo - self._runs) * passed / self._runs / 60
        done = self._total - self._todo + self._runs
        print(
            f"{done} of {self._total} runs, {self._tokens / passed:,.0f} tokens/s, {left:.0f} min to go",
            file=self._say, flush=True,
        )  # fmt: skip
