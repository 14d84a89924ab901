"""Pairs of siblings of which one is better: as somebody said, and as their ratings of both imply."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import product
from typing import Any, Literal

from django.db.models import QuerySet

from app.annotation.marked_paths import Counts, Judge, Judged, judge_name, problem_of
from app.annotation.models import SiblingPreference, Verdict
from app.annotation.run_steps import RunSteps
from app.explorer.models import Run
from search.datasets.records import Origin, StepPreference

Pairs = Literal["all", "stated", "rated"]
"""Which go into a file: those that were said, those that ratings imply, or both. What was said of a pair counts more
than its ratings, also that neither is better."""
JUDGE = ("annotator_id", "source", "model", "annotator__username")


def stated_preferences(
    run: Run, rows: QuerySet[SiblingPreference], counts: Counts
) -> tuple[list[StepPreference], dict[Judge, set[tuple[int, int]]]]:
    """What judges said of pairs of a run, and per judge the pairs something was said of.

    A pair of which neither is better, or nobody could say, is no record; it is counted as `undecided`.
    """
    found: list[Any] = list(
        rows.filter(run=run).order_by("pk").values_list(*JUDGE, "first", "second", "verdict", "created_at")
    )
    steps = RunSteps(run.pk, {node for row in found for node in row[4:6]}) if found else None
    prompt = problem_of(run)["text"]
    records: list[StepPreference] = []
    pairs: dict[Judge, set[tuple[int, int]]] = {}
    for annotator, source, model, username, first, second, verdict, at in found:
        assert steps is not None
        pairs.setdefault((annotator, source, model, username or ""), set()).add((first, second))
        better, worse = (second, first) if verdict == Verdict.SECOND else (first, second)
        texts = steps.text(better), steps.text(worse)
        if verdict in (Verdict.TIE, Verdict.UNSURE) or texts[0] == texts[1]:
            counts.undecided += 1
            continue
        when = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        origin = Origin(source, judge_name(username or "", model), when, str(run.pk))
        before = tuple(map(steps.text, steps.path(better)[:-1]))
        records.append(StepPreference(prompt, before, *texts, origin))
    return records, pairs


def preferences_of(one: Judged, said: set[tuple[int, int]]) -> Iterator[StepPreference]:
    """Every two siblings of which the judge rated one higher, but for pairs that they have `said` something of."""
    prompt = problem_of(one.run)["text"]
    below: dict[int, list[int]] = {}
    for index, parent in one.reached.items():
        below.setdefault(parent, []).append(index)
    for parent, siblings in below.items():
        before = tuple(map(one.steps.text, one.steps.path(parent))) if parent else ()
        for better, worse in product(siblings, siblings):
            texts = one.steps.text(better), one.steps.text(worse)
            apart = one.ratings[better] > one.ratings[worse] and texts[0] != texts[1]
            if apart and (min(better, worse), max(better, worse)) not in said:
                yield StepPreference(prompt, before, *texts, one.origin)
