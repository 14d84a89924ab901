"""A run that no search of ours has grown: a tree, labelled paths or a journal out of a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from app.annotation.models import SiblingPreference, StepLabel, Verdict
from app.explorer.models import Run, Session
from app.explorer.run_settings import NO_CAPS
from app.explorer.schemas import LONGEST_PROBLEM
from app.explorer.services.journal import journal_store
from app.teams.models import User
from search.datasets.growing import PathMerger, events_of
from search.datasets.records import Journal, LabelledPath, LabelledTree, Origin, Record, StepPreference
from search.events import Event
from search.reducer import fold
from search.tree import Tree
from search.verifiers import VERIFIERS, infer

IMPORTED = "imported"
"""The `algorithm` and `policy` of a run that no search of ours has grown: it can be read, labelled and exported."""
MOST_NODES = 100_000
LONGEST_ANSWER = 2_000
BATCH = 2_000

Judge = tuple[User | None, str, str]
"""Annotator, source, and the name of the model or of somebody who is no user here."""


class NotStorable(Exception):
    """A record is well formed, but no run can be made of it."""

    def __init__(self, field: str, message: str, mend: str = "") -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message, self.mend = field, message, mend


class GrowingRun:
    """The tree and the labels of one problem, until they are stored."""

    def __init__(self, session: Session, user: User, prompt: str, answer: str | None) -> None:
        _check_problem(prompt, answer)
        self._session, self._user = session, user
        self._merger = PathMerger(prompt, answer)
        self._tree = self._merger.tree
        self._labels: dict[tuple[int, Judge], tuple[int, datetime | None, float | None]] = {}
        self._preferences: dict[tuple[int, int, Judge], tuple[str, datetime | None]] = {}
        self.line = 0
        self.counts = {"labels": 0, "conflicts": 0}

    @property
    def size(self) -> int:
        """Steps so far."""
        return len(self._tree.nodes) - 1

    def take(self, record: Record) -> None:
        """Add a path or a preference; paths that begin alike share their beginning."""
        if isinstance(record, LabelledPath):
            marks = self._merger.add_path(record)
            values = dict(zip(marks, record.values, strict=False)) if None not in record.ratings else {}
            self._mark(marks.items(), record.origin, values)
        elif isinstance(record, StepPreference):
            self._prefer(*self._merger.add_preference(record), record.origin)
        _check_size(len(self._tree.nodes))

    def take_tree(self, tree: LabelledTree) -> None:
        """The tree as it is."""
        _check_size(len(tree.nodes))
        self._tree = tree
        self._mark(((index, node.rating) for index, node in enumerate(tree.nodes) if index), tree.origin)

    def store(self) -> Run:
        """The finished run, and its labels."""
        tree = self._tree
        driver = next((source for node in tree.nodes for source in node.rewards), None)
        header: dict[str, Any] = {
            "version": 1,
            "problem": _problem(tree.prompt, tree.answer, None),
            "algorithm": IMPORTED,
            "params": {},
            "seed": 0,
            "policy": {"slug": IMPORTED},
            "reward": None if driver is None else {"slug": driver[:120]},
            "sampling": {},
            "budget": NO_CAPS,
        }
        run = _stored(self._session, self._user, header, list(events_of(tree)), None)
        now = timezone.now()
        StepLabel.objects.bulk_create(
            (
                StepLabel(
                    run=run, node_index=index, annotator=annotator, source=source, model=name, rating=rating,
                    tags=[IMPORTED], created_at=at or now, value=value,
                )
                for (index, (annotator, source, name)), (rating, at, value) in sorted(
                    self._labels.items(), key=lambda item: item[0][0]
                )
            ),
            BATCH,
        )  # fmt: skip
        SiblingPreference.objects.bulk_create(
            (
                SiblingPreference(
                    run=run, first=first, second=second, verdict=verdict, annotator=annotator, source=source,
                    model=name, created_at=at or now,
                )
                for (first, second, (annotator, source, name)), (verdict, at) in self._preferences.items()
            ),
            BATCH,
        )  # fmt: skip
        self.counts["labels"] = len(self._labels) + len(self._preferences)
        return run

    def _mark(
        self,
        ratings: Iterable[tuple[int, int | None]],
        origin: Origin,
        values: Mapping[int, float | None] = MappingProxyType({}),
    ) -> None:
        """Of two different labels of a step by the same judge the first stays; `values` are those of rollouts."""
        judge = self._judge(origin)
        at = _time(origin.at)
        for node, rating in ratings:
            if rating is not None:
                kept, _, _ = self._labels.setdefault((node, judge), (rating, at, values.get(node)))
                self.counts["conflicts"] += kept != rating

    def _prefer(self, chosen: int, rejected: int, origin: Origin) -> None:
        """Of two preferences the other way round by the same judge the first stays."""
        first, second = sorted((chosen, rejected))
        verdict = Verdict.FIRST if chosen == first else Verdict.SECOND
        said = (verdict.value, _time(origin.at))
        kept, _ = self._preferences.setdefault((first, second, self._judge(origin)), said)
        self.counts["conflicts"] += kept != verdict

    def _judge(self, origin: Origin) -> Judge:
        """What a person said without a name, or under the name of whoever imports it, becomes theirs."""
        if origin.source == "human" and origin.by in ("", self._user.username):
            return self._user, "human", ""
        return None, origin.source, storable_name(origin.by) or IMPORTED


def journal_import(*, session: Session, user: User, journal: Journal) -> Run:
    """The run of a journal: header, events and their times as they were."""
    problem = journal.header["problem"]
    answer = problem.get("answer")
    if answer is not None and not isinstance(answer, str):
        raise NotStorable("problem.answer", "must be a text")
    _check_problem(problem["text"], answer)
    events = [Event(event["seq"], event["kind"], event["payload"]) for event in journal.events]
    try:
        _check_tree(fold(events))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise NotStorable("events", f"do not fold into a tree ({error!r})") from error
    header = journal.header | {"problem": _problem(problem["text"], answer, problem.get("verifier"))}
    times = [_time(event.get("at")) or timezone.now() for event in journal.events]
    return _stored(session, user, header, events, times)


def _stored(
    session: Session, user: User, header: dict[str, Any], events: list[Event], times: list[datetime] | None
) -> Run:
    if "\\u0000" in json.dumps(header):
        raise NotStorable("header", "contains a NUL character")
    try:
        return journal_store(session=session, user=user, header=header, events=events, times=times)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise NotStorable(field, " ".join(messages)) from error
    except (DataError, IntegrityError, TypeError, KeyError, AttributeError) as error:
        raise NotStorable("record", f"cannot be stored ({str(error).strip().splitlines()[0]})") from error


def _problem(text: str, answer: str | None, verifier: object) -> dict[str, Any]:
    return {"text": text, "answer": answer, "verifier": verifier if verifier in VERIFIERS else infer(text, answer)}


def _check_problem(text: str, answer: str | None) -> None:
    if len(text) > LONGEST_PROBLEM:
        raise NotStorable("prompt", f"has more than {LONGEST_PROBLEM} characters")
    if answer is not None and len(answer) > LONGEST_ANSWER:
        raise NotStorable("answer", f"has more than {LONGEST_ANSWER} characters")
    for name, value in (("prompt", text), ("answer", answer or "")):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise NotStorable(name, "contains a NUL character or half of a surrogate pair", "remove it")


def _check_size(nodes: int) -> None:
    if nodes > MOST_NODES:
        raise NotStorable("tree", f"has more than {MOST_NODES:,} nodes", "split the tree")


def _check_tree(tree: Tree) -> None:
    """What pages rely on; the reducer itself trusts the engine."""
    if not len(tree):
        raise ValueError("there is no node")
    _check_size(len(tree))
    for index, node in enumerate(tree.nodes):
        if (
            node.index != index
            or not all(0 <= parent < index for parent in node.parents)
            or (not index) != (not node.parents)
        ):
            raise ValueError(f"node {index} is out of order")
        if not isinstance(node.text, str) or not isinstance(node.kind, str) or not isinstance(node.key, str):
            raise TypeError(f"node {index} has no text")
        if not all(isinstance(score, int | float) for score in node.rewards.values()):
            raise TypeError(f"a reward of node {index} is no number")


def _time(text: object) -> datetime | None:
    """A point in time, in UTC where it says no zone; None where it says no time."""
    try:
        found = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or timezone.is_aware(found) else timezone.make_aware(found)


def storable_name(name: str) -> str:
    """A judge's name as the column takes it."""
    return name.replace("\0", "")[:120]
