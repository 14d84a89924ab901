"""The charts of a run, built from its observations and kept for as long as the run does not move on."""

from __future__ import annotations

import time
from typing import Any, Literal

from django.db import connection

from app.explorer.models import Run
from app.explorer.selectors.kept import keep, kept
from app.explorer.store.jsonb import loads
from search.calibration import Calibration, CalibrationError
from search.chart_series import KINDS
from search.events import Event

Theme = Literal["light", "dark"]
REFRESH_SECONDS = 2.0  # many people watching a running search cost no more than one

_OBSERVATIONS = """
SELECT seq, kind, payload::text FROM explorer_event
WHERE run_id = %s AND seq <= %s AND kind = ANY(%s) ORDER BY seq
"""


def charts_of(run: Run, theme: Theme) -> dict[str, Any]:
    """`{charts: [{name, title, look_for, figure}], as_of_seq}`; at most one refresh in two seconds."""
    key = f"espalier:charts:{run.pk}:{theme}"
    former = kept(key)
    if former is not None and (
        former["answer"]["as_of_seq"] == run.head_seq or time.time() - former["at"] < REFRESH_SECONDS
    ):
        answer: dict[str, Any] = former["answer"]
        return answer
    answer = _drawn(run, theme)
    keep(key, {"at": time.time(), "answer": answer})
    return answer


def _drawn(run: Run, theme: Theme) -> dict[str, Any]:
    from search.figures import charts  # plotly takes a second to load: only those who look at charts wait

    drawn = charts(observations(run), theme, calibration_of(run))
    return {"charts": [chart.as_json() for chart in drawn], "as_of_seq": run.head_seq}


def calibration_of(run: Run) -> Calibration | None:
    """What the scores of the run's driving reward are worth, where that was measured when the run began."""
    known = ((run.header or {}).get("reward") or {}).get("calibration")
    try:
        return None if known is None else Calibration.of(known)
    except CalibrationError:  # a journal from elsewhere: nothing is said about success then
        return None


def observations(run: Run) -> list[Event]:
    """What charts are drawn from: the run's observations of the kinds that `Series` reads."""
    with connection.cursor() as cursor:
        cursor.execute(_OBSERVATIONS, (run.pk, run.head_seq, sorted(KINDS)))
        return [Event(seq, kind, loads(payload)) for seq, kind, payload in cursor.fetchall()]
