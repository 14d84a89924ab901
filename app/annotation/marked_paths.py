"""From labelled nodes to what label formats hold: paths, and one solution with its alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from app.annotation.cuts.units import BETWEEN, Cut, Cuts, cuts_of, units_of
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

    A path starts below the problem and follows marked steps for as long as there are any: it ends at the first
    unmarked or unsure step, because neither is a judgement. Where the judge has cut steps otherwise (`cuts`), nodes
    that are part of a marked step count as marked.
    """

    def __init__(
        self,
        run: Run,
        steps: RunSteps,
        judge: Judge,
        origin: Origin,
        ratings: dict[int, int],
        values: dict[int, float],
        cuts: Cuts,
        counts: Counts,
    ) -> None:
        self.run, self.steps, self.judge, self.origin = run, steps, judge, origin
        self.values, self.cuts = values, cuts
        parts = _parts_of_steps(steps, ratings, cuts)
        self.ratings = ratings | dict.fromkeys(parts, 0)  # what is a part's rating is said by the cuts
        self._parts = parts
        self.reached: dict[int, int] = {}  # marked step → the step it goes on from
        pieces: set[int] = set()
        for index in sorted(self.ratings):  # parents are older than their children
            parent = steps.parent(index)
            if parent == 0 or parent in self.reached:
                self.reached[index] = parent or 0
                pieces.update(steps.pieces_of(index)[:-1])
        halves = pieces & self.reached.keys()
        for index in halves:
            del self.reached[index]
        counts.labels += len(ratings)
        counts.pieces += len(halves)
        counts.below_unmarked += len(ratings) - len(self.reached.keys() - parts) - len(halves - parts)
        for index in self.reached.keys() - parts:
            counts.ratings[str(ratings[index])] += 1

    def units(self, path: list[int]) -> list[tuple[str, int | None]]:
        """Text and rating of the steps along a path, as the judge has cut them."""
        own = {index: rating for index, rating in self.ratings.items() if index not in self._parts}
        return units_of(path, self.steps.text, own, self.cuts)

    def leaves(self) -> list[int]:
        """The ends of the maximal marked paths."""
        continued = set(self.reached.values())
        return sorted(index for index in self.reached if index not in continued)


def _parts_of_steps(steps: RunSteps, ratings: dict[int, int], cuts: Cuts) -> set[int]:
    """Unmarked nodes whose mark lies elsewhere: the next one's, which goes on with them, or their first part's."""
    parts = {index for index, cut in cuts.items() if cut.parts and cut.parts[0].judged is not None} - ratings.keys()
    for index in sorted(cuts, reverse=True):
        above = steps.parent(index)
        if cuts[index].joined and above and (index in ratings or index in parts) and above not in ratings:
            parts.add(above)
    return parts


def judged(run: Run, labels: QuerySet[StepLabel], counts: Counts, *, cut: bool = True) -> Iterator[Judged]:
    """The judges of a run, one after the other; with `cut` false, people's cuts are left out of account."""
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
    cuts: dict[Judge, dict[int, Cut]] = {
        judge: cuts_of(judge[0], run.pk) for judge in found if cut and judge[1:3] == (StepLabel.Source.HUMAN, "")
    }
    wanted = {index for ratings in found.values() for index in ratings}
    steps = RunSteps(run.pk, wanted.union(*cuts.values()))
    for judge in sorted(found, key=str):
        _, source, model, username = judge
        at = latest[judge].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        origin = Origin(source, judge_name(username, model), at, str(run.pk))  # type: ignore[arg-type]
        yield Judged(run, steps, judge, origin, found[judge], values.get(judge, {}), cuts.get(judge, {}), counts)


def paths_of(one: Judged, counts: Counts, *, once: bool, original: bool = False) -> Iterator[LabelledPath]:
    """The maximal marked paths. A beginning that several share is part of each; with `once` its labels come once.

    Steps are as the judge has cut them; with `original` the nodes' texts stand beside.
    """
    problem = problem_of(one.run)
    leaves = one.leaves()
    states = NodeState.objects.filter(run_id=one.run.pk, index__in=leaves).values_list("index", "correct")
    correct = dict(states)
    written: set[int] = set()
    for leaf in leaves:
        path = one.steps.path(leaf)
        shared = next((at for at, index in enumerate(path) if index not in written), len(path)) if once else 0
        written.update(path)
        units = one.units(path)
        if shared and one.cuts:
            goes_on = shared < len(path) and path[shared] in one.cuts and one.cuts[path[shared]].joined
            shared = len(one.units(path[:shared])) - goes_on
        counts.paths += 1
        counts.steps += len(units) - shared
        yield LabelledPath(
            problem["text"],
            tuple(text for text, _ in units),
            tuple(rating for _, rating in units),
            problem["answer"],
            tuple(map(one.values.get, path)) if one.values else (),
            one.origin,
            shared,
            fields={"generator": one.run.policy, "final_answer_correct": correct.get(leaf)},
            original=tuple(map(one.steps.text, path)) if original else None,
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
            joined = taken in one.cuts and one.cuts[taken].joined
            beside = [index for index in below[above] if index == taken or index not in shown]
            if joined:  # the others go on from half of what is one step here
                beside = [taken]
            fork, onward = trunk, trunk
            for index in beside:
                (text, rating), *further = one.units([index])
                rating = None if once and index in shown else rating
                if index == taken and joined and fork:
                    tree.nodes[fork].text += BETWEEN + text
                    tree.nodes[fork].rating = rating
                    end = fork
                else:
                    end = tree.add(fork, text, rating=rating)
                counts.steps += rating is not None
                for text, rating in further:
                    end = tree.add(end, text, rating=rating)
                    counts.steps += rating is not None
                onward = end if index == taken else onward
            shown.update(beside)
            trunk = onward
        wrong = tree.nodes[trunk].rating == -1
        tree.chosen = tree.nodes[trunk].parent if wrong else trunk
        tree.fields = {"finish_reason": "found_error" if wrong else None} | _checks(path, gold)
        if any(index in one.cuts for index in path):
            original = list(map(one.steps.text, path))
            asked = {"problem": problem["text"], "ground_truth_answer": problem["answer"]}
            tree.fields["question"] = asked | {"pre_generated_steps": original}
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
