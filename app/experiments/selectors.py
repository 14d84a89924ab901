"""Reads of experiments."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from app.config.pages import newest_first
from app.experiments.models import Cell, Experiment
from app.explorer.models import RunState
from search.bench.results import Row, engine_sha256

MOVING = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)


def experiments_page(
    rows: QuerySet[Experiment], *, cursor: str | None = None, limit: int = 50
) -> tuple[list[dict[str, Any]], str | None]:
    """Experiments, the newest first."""
    rows = rows.filter(session__archived_at__isnull=True).select_related("session", "created_by")
    page, following = newest_first(rows, by="created_at", cursor=cursor, limit=limit)
    counts = _counts(page)
    return [_shape(experiment, counts[experiment.pk]) for experiment in page], following


def experiment_shape(experiment: Experiment) -> dict[str, Any]:
    """One experiment as the API shows it."""
    return _shape(experiment, _counts([experiment])[experiment.pk])


def _counts(experiments: list[Experiment]) -> dict[Any, dict[str, int]]:
    """Runs by state, and `measured`: finished ones with a row."""
    counts: dict[Any, dict[str, int]] = {experiment.pk: {"measured": 0} for experiment in experiments}
    found = Cell.objects.filter(experiment__in=counts).values("experiment", "run__state")
    for row in found.annotate(runs=Count("pk"), rows=Count("row")):
        counts[row["experiment"]][row["run__state"]] = row["runs"]
        counts[row["experiment"]]["measured"] += row["rows"]
    return counts


def _state(experiment: Experiment, states: dict[str, int]) -> str:
    if experiment.error is not None:
        return "failed"
    if experiment.cancelled_at is not None:
        return "cancelled"
    if experiment.filled_at is None:
        return "preparing"
    return "running" if any(states.get(state) for state in MOVING) else "completed"


def _shape(experiment: Experiment, counts: dict[str, int]) -> dict[str, Any]:
    measured = counts.pop("measured")
    return {
        "id": experiment.pk,
        "session": experiment.session_id,
        "title": experiment.session.title,
        "state": _state(experiment, counts),
        "error": experiment.error,
        "total": experiment.total,
        "states": counts,
        "measured": measured,
        "shown": experiment.results_of,
        "plan": {name: value for name, value in experiment.plan.items() if name not in ("table", "chosen_with")},
        "created_at": experiment.created_at,
        "created_by": experiment.created_by.username if experiment.created_by else None,
    }


def unmeasured(experiment: Experiment) -> QuerySet[Cell]:
    """The cells whose run is over and has no row yet."""
    return experiment.cells.filter(run__state=RunState.COMPLETED, row__isnull=True)


def rows_of(experiment: Experiment) -> list[Row]:
    """Every row there is, in the plan's order."""
    return [cell.row for cell in experiment.cells.filter(row__isnull=False).order_by("number").only("row") if cell.row]


def results_shape(experiment: Experiment, theme: str) -> dict[str, Any]:
    """The results as of `shown` rows, with the charts of one theme."""
    sets = [{**some, "charts": some["charts"][theme]} for some in experiment.results or []]
    return {"sets": sets, "shown": experiment.results_of}


def cells_page(
    experiment: Experiment, filters: dict[str, str], *, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Cells in the plan's order, those that fit the filters; `failure` and `rule` are of their rows."""
    paths = {"failure": "row__failure__kind", "rule": "row__failure__rule", "state": "run__state"}
    rows = experiment.cells.filter(number__gt=after, **{paths.get(name, name): v for name, v in filters.items()})
    found = list(rows.select_related("run").defer("run__header").order_by("number")[: limit + 1])
    page = found[:limit]
    return [_cell(experiment, cell) for cell in page], page[-1].number if len(found) > limit else None


def _cell(experiment: Experiment, cell: Cell) -> dict[str, Any]:
    return {
        "number": cell.number,
        "run": cell.run_id,
        "set": cell.set,
        "text": experiment.problems[cell.set][cell.problem][0],
        "strategy": cell.strategy,
        "budget": cell.budget,
        "seed": cell.seed,
        "state": cell.run.state,
        "error": cell.run.error,
        "answer": cell.run.answer,
        "correct": cell.run.correct,
        "tokens": cell.run.tokens,
        "failure": (cell.row or {}).get("failure"),
    }


def report_html(experiment: Experiment, site: str) -> str:
    """One page with everything in it, to keep or to send; failed runs link to their trees at `site`."""
    from search.bench.report import page_of  # plotly takes a second to load: only those who want a report wait

    first = experiment.cells.filter(run__header__isnull=False).select_related("run").order_by("number").first()
    described = (first.run.header if first else None) or {}
    header = {
        "plan": experiment.plan,
        "policy": described.get("policy") or {"slug": experiment.plan["policy"]},
        "reward": described.get("reward"),
        "engine_sha256": engine_sha256(),
    }
    return page_of(header, rows_of(experiment), tree_at=lambda row: f"{site}/runs/{row['run']}")
