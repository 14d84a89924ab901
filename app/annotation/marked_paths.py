"""From labelled nodes to what label formats hold: paths, and one solution with its alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from app.annotation.models import QueueItem, StepLabel
from app.annotation.run_steps import RunSteps
from app.explorer.models import NodeState, Run
from search.datasets.records import LabelledPath, LabelledTree, Origin, TreeNode

Judge = tuple[Any, str, str, str]
"""Annotator's id, source, model, annotator's name."""


@dataclass(slots=True)
class Counts:
    """What an export found. `below_unmarked` are labels that no path reaches without crossing an unmarked step.

    `unsure` are labels whose annotator was not sure: they stay out, and cut their path like unmarked steps. `pieces`
    are labels of half a step that was completed: the label of the whole step counts. `undecided` are pairs of siblings
    of which neither is better, or that nobody could tell apart. `left_out` are records the format has no words for.
    """

    runs: int = 0
    labels: int = 0
    paths: int = 0
    steps: int = 0
    records: int = 0
    below_unmarked: int = 0
    unsure: int = 0
    pieces: int = 0
    undecided: int = 0
    left_out: int = 0
    ratings: dict[str, int] = field(default_factory=lambda: {"-1": 0, "0": 0, "1": 0})

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class Judged:
    """What one judge (an annotator or a model) said of one run: the marked steps that are reached without a gap.

    A path starts below the problem and follows marked steps for as long as there are any: it is cut at the first
    unmarked or unsure step, because neither is a judgement.
    """

    def __init__(
        self,
        run: Run,
        steps: RunSteps,
        judge: Judge,
        origin: Origin,
        ratings: dict[int, int],
        values: dict[int, float],
        counts: Counts,
    ) -> None:
        self.run, self.steps, self.judge, self.origin = run, steps, judge, origin
        self.ratings, self.values = ratings, values
        self.reached: dict[int, int] = {}  # marked step → the step it goes on from
        pieces: set[int] = set()
        for index in sorted(ratings):  # parents are older than their children
            parent = steps.parent(index)
            if parent == 0 or parent in self.reached:
                self.reached[index] = parent or 0
                pieces.update(steps.pieces_of(index)[:-1])
        halves = pieces & self.reached.keys()
        for index in halves:
            del self.reached[index]
        counts.labels += len(ratings)
        counts.pieces += len(halves)
        counts.below_unmarked += len(ratings) - len(self.reached) - len(halves)
        for index in self.reached:
            counts.ratings[str(ratings[index])] += 1

    def leaves(self) -> list[int]:
        """The ends of the maximal marked paths."""
        continued = set(self.reached.values())
        return sorted(index for index in self.reached if index not in continued)


def judged(run: Run, labels: QuerySet[StepLabel], counts: Counts) -> Iterator[Judged]:
    """The judges of a run, one after the other."""
    found: dict[Judge, dict[int, int]] = {}
    latest: dict[Judge, datetime] = {}
    rows = labels.filter(run=run).order_by("node_index")
    values: dict[Judge, dict[int, float]] = {}
    who_columns = ("annotator_id", "source", "model", "annotator__username")
    columns = (*who_columns, "node_index", "rating", "unsure", "value", "created_at")
    for *who, index, rating, unsure, value, at in rows.values_list(*columns).iterator(chunk_size=10_000):
        judge = (who[0], who[1], who[2], who[3] or "")
        if unsure:
            counts.unsure += 1
        elif rating is not None:
            found.setdefault(judge, {})[index] = rating
            if value is not None:
                values.setdefault(judge, {})[index] = value
            latest[judge] = max(latest.get(judge, at), at)
    if not found:
        return
    counts.runs += 1
    steps = RunSteps(run.pk, {index for ratings in found.values() for index in ratings})
    for judge in sorted(found, key=str):
        _, source, model, username = judge
        at = latest[judge].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        origin = Origin(source, judge_name(username, model), at, str(run.pk))  # type: ignore[arg-type]
        yield Judged(run, steps, judge, origin, found[judge], values.get(judge, {}), counts)


def paths_of(one: Judged, counts: Counts, *, once: bool) -> Iterator[LabelledPath]:
    """The maximal marked paths. A beginning that several share is part of each; with `once` its labels come once."""
    problem = problem_of(one.run)
    leaves = one.leaves()
    states = NodeState.objects.filter(run_id=one.run.pk, index__in=leaves).values_list("index", "correct")
    correct = dict(states)
    written: set[int] = set()
    for leaf in leaves:
        path = one.steps.path(leaf)
        shared = next((at for at, index in enumerate(path) if index not in written), len(path)) if once else 0
        written.update(path)
        counts.paths += 1
        counts.steps += len(path) - shared
        yield LabelledPath(
            problem["text"],
            tuple(map(one.steps.text, path)),
            tuple(one.ratings[index] for index in path),
            problem["answer"],
            tuple(map(one.values.get, path)) if one.values else (),
            one.origin,
            shared,
            fields={"generator": one.run.policy, "final_answer_correct": correct.get(leaf)},
        )


def sessions_of(one: Judged, counts: Counts, *, once: bool) -> Iterator[LabelledTree]:
    """Per maximal marked path a tree of the path and of the rated siblings beside it that no earlier one showed."""
    problem = problem_of(one.run)
    below: dict[int, list[int]] = {}
    for index, parent in one.reached.items():
        below.setdefault(parent, []).append(index)
    shown: set[int] = set()
    paths = sorted((one.steps.path(leaf) for leaf in one.leaves()), key=lambda path: (-len(path), path))
    gold = _gold_paths(one.run)
    for path in paths:
        if path[-1] in shown:
            continue
        tree = LabelledTree([TreeNode(problem["text"], None, "root")], problem["answer"], origin=one.origin)
        trunk = 0
        for above, taken in zip([0, *path[:-1]], path, strict=True):
            beside = [index for index in below[above] if index == taken or index not in shown]
            nodes = {}
            for index in beside:
                rating = None if once and index in shown else one.ratings[index]
                nodes[index] = tree.add(trunk, one.steps.text(index), rating=rating)
                counts.steps += rating is not None
            shown.update(beside)
            trunk = nodes[taken]
        wrong = one.ratings[path[-1]] == -1
        tree.chosen = tree.nodes[trunk].parent if wrong else trunk
        tree.fields = {"finish_reason": "found_error" if wrong else None} | _checks(path, gold)
        counts.paths += 1
        yield tree


def _gold_paths(run: Run) -> list[tuple[list[int], bool]]:
    """Paths that are gold in some queue, and whether they screen its annotators."""
    return list(QueueItem.objects.filter(run=run, truth__isnull=False).values_list("path", "screening"))


def _checks(path: list[int], gold: Sequence[tuple[list[int], bool]]) -> dict[str, bool]:
    """PRM800K's two flags of a path that checks its reader; a reading that ended at an error has its beginning."""
    kinds = [screening for whole, screening in gold if whole[: len(path)] == path]
    if not kinds:
        return {}
    return {"is_quality_control_question": True, "is_initial_screening_question": any(kinds)}


def problem_of(run: Run) -> dict[str, Any]:
    """Text and answer as the journal's header has them."""
    problem = (run.header or {}).get("problem") or {}
    return {"text": str(problem.get("text") or run.problem.text), "answer": problem.get("answer") or run.problem.answer}


def judge_name(username: str, model: str) -> str:
    """Who judged; what settles a dispute says so beside the name."""
    return f"{username} ({model})" if username and model else username or model
