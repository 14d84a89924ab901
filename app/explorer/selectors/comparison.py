"""Two to six runs beside each other: their settings, where each parts from the first, and their curves in one chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import connection

from app.config.problems import Invalid
from app.explorer.models import Run, Session
from app.explorer.selectors.charts import Theme, calibration_of, observations
from app.explorer.selectors.kept import keep, kept
from app.explorer.selectors.runs import run_shape
from app.explorer.store.load import events_between
from app.explorer.store.reading import read
from app.explorer.strategies import strategies
from search.events import Event

FEWEST, MOST = 2, 6
PAGE = 500


def runs_to_compare(session: Session, ids: Sequence[UUID]) -> list[Run]:
    """The named runs of the session, in that order.

    Raises:
        Invalid: too few, too many, one of another session, or runs of different problems.
    """
    wanted = list(dict.fromkeys(ids))
    if not FEWEST <= len(wanted) <= MOST:
        raise Invalid.field("runs", f"{len(wanted)} runs cannot be compared", f"name {FEWEST} to {MOST} runs")
    found = {run.pk: run for run in session.runs.filter(pk__in=wanted).select_related("problem")}
    if missing := [str(pk) for pk in wanted if pk not in found]:
        raise Invalid.field("runs", f"run {missing[0]} is not in this session", "compare runs of one session")
    if len({run.problem.text for run in found.values()}) > 1:
        raise Invalid.field("runs", "these runs work on different problems", "choose runs of one problem")
    return [found[pk] for pk in wanted]


def comparison_of(runs: Sequence[Run], theme: Theme) -> dict[str, Any]:
    """`{runs, partings, charts}`; `partings[i]` is between the first run and run i + 1, null if they did the same."""
    key = f"espalier:comparison:{':'.join(f'{run.pk}@{run.head_seq}' for run in runs)}:{theme}"
    drawn = kept(key)
    if drawn is None:
        first, *others = runs
        drawn = {"partings": [_parting(first, other) for other in others], "charts": _charts(runs, theme)}
        keep(key, drawn)
    return {"runs": [run_shape(run) for run in runs], **drawn}


def _parting(first: Run, other: Run) -> dict[str, Any] | None:
    from search.parting import parting

    found = parting(_journal(first.pk), _journal(other.pk))
    return None if found is None else asdict(found)


def _journal(run_id: UUID) -> Iterator[Event]:
    """Observations as they are stored, page by page: two runs usually part early, and no more is read than that."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            page = read(events_between(run_id, after, PAGE), cursor)
        yield from (Event(row["seq"], row["kind"], row["payload"]) for row in page if "payload" in row)
        if len(page) < PAGE:
            return
        after = page[-1]["seq"]


def _charts(runs: Sequence[Run], theme: Theme) -> list[dict[str, Any]]:
    from search.chart_series import Series
    from search.run_curves import run_curves

    named = [(f"{place} {_title(run)}", Series.of(observations(run))) for place, run in enumerate(runs, 1)]
    return [chart.as_json() for chart in run_curves(named, theme, [calibration_of(run) for run in runs])]


def _title(run: Run) -> str:
    known = strategies().get(run.algorithm)
    return known.title if known else run.algorithm
