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

_TIMES = """
SELECT seq, extract(epoch FROM at - min(at) OVER ())::float8 FROM explorer_event
WHERE run_id = %s AND seq <= %s AND (kind = 'budget' OR seq = 1)
"""
_GENERATED = "SELECT seq FROM explorer_event WHERE run_id = %s AND seq <= %s AND kind = 'generate' ORDER BY seq"
_ENTROPIES = """
SELECT (sample ->> 'node')::int, (SELECT avg(one::float8) FROM jsonb_array_elements_text(sample -> 'entropies') AS one)
FROM explorer_event, jsonb_array_elements(payload -> 'samples') AS sample
WHERE run_id = %s AND seq = ANY(%s) AND jsonb_array_length(sample -> 'entropies') > 0 AND sample ->> 'node' IS NOT NULL
"""
MOST_GENERATIONS = 600  # whose entropies are read: they are long, and a chart by depth needs no more


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

    drawn = charts(observations(run), theme, calibration_of(run), times=times(run), entropies=entropies(run))
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


def times(run: Run) -> dict[int, float]:
    """Seconds from the run's first event to each `budget` event, by sequence number; pauses are in them."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, (run.pk, run.head_seq))
        return dict(cursor.fetchall())


def entropies(run: Run) -> dict[int, float]:
    """The policy's mean entropy (nats per token) in the steps of at most `MOST_GENERATIONS` generations, by node."""
    from search.chart_frame import thinned

    with connection.cursor() as cursor:
        cursor.execute(_GENERATED, (run.pk, run.head_seq))
        some = thinned([seq for (seq,) in cursor.fetchall()], MOST_GENERATIONS)
        cursor.execute(_ENTROPIES, (run.pk, some))
        return dict(cursor.fetchall())
