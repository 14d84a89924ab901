"""From finished runs to results, on a worker: a row per run (search/bench/rows.py), then tables and charts."""

from __future__ import annotations

from typing import Any

import structlog

from app.config.advisory import held_alone
from app.experiments.models import Cell, Experiment
from app.experiments.selectors import rows_of, unmeasured
from app.explorer.selectors import journal_events
from search.bench.curves import by_set
from search.bench.results import Row
from search.bench.rows import facts_of
from search.bench.summary import summary_of
from search.reducer import fold
from search.run import Outcome

log = structlog.get_logger(__name__)
SHOWN_EVERY = 200
"""Rows after which results are drawn anew while more are being made."""


def experiment_measure(experiment_id: str) -> None:
    """Make the missing rows and draw the results anew. A second worker that is told finds the lock taken."""
    with held_alone(f"experiment-rows:{experiment_id}") as mine:
        experiment = Experiment.objects.filter(pk=experiment_id).first()
        if not mine or experiment is None:
            return
        for number, cell in enumerate(unmeasured(experiment).order_by("number").iterator(chunk_size=50), start=1):
            try:
                Cell.objects.filter(pk=cell.pk).update(row=_row(experiment, cell))
            except Exception:  # one journal that cannot be read must not hide all others
                log.exception("a run is not measured", run=str(cell.run_id))
            if number % SHOWN_EVERY == 0:
                _show(experiment)
        _show(experiment)


def _row(experiment: Experiment, cell: Cell) -> Row:
    events = journal_events(cell.run_id)
    named = {
        "cell": str(cell),
        "run": str(cell.run_id),
        "set": cell.set,
        "problem": cell.problem,
        "strategy": cell.strategy,
        "budget": cell.budget,
        "seed": cell.seed,
        "text": experiment.problems[cell.set][cell.problem][0],
    }
    return {**named, **facts_of(Outcome.of(fold(events)), events)}


def _show(experiment: Experiment) -> None:
    rows = rows_of(experiment)
    if len(rows) != experiment.results_of or experiment.results is None:
        results: list[dict[str, Any]] = [summary_of(measured) for measured in by_set(experiment.plan, rows)]
        experiment.results, experiment.results_of = results, len(rows)
        experiment.save(update_fields=["results", "results_of"])
