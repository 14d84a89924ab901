"""Labelled paths from a file: each problem becomes a run whose tree holds the paths, each step its label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from app.annotation.models import StepLabel
from app.config.problems import FieldError, Invalid, TooLarge
from app.explorer.models import Run, Session
from app.explorer.run_settings import NO_CAPS
from app.explorer.schemas import LONGEST_PROBLEM
from app.explorer.services.journal import journal_store
from app.teams.models import User
from search.datasets import MalformedRecord
from search.datasets.records import LabelledPath
from search.datasets.registry import FORMATS
from search.events import Event
from search.verifiers import infer

IMPORTED = "imported"
"""The `algorithm` and `policy` of a run that no search of ours has grown: it can be read, labelled and exported."""
MOST_STEPS = 100_000


@dataclass(slots=True)
class LabelledTree:
    """The paths of one problem, merged where they begin alike. Node 0 is the problem."""

    prompt: str
    texts: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=lambda: [0])
    children: dict[tuple[int, str], int] = field(default_factory=dict)
    ratings: dict[int, int] = field(default_factory=dict)
    conflicts: int = 0

    def add(self, path: LabelledPath) -> None:
        """Walk the path, growing what is new. Of two different labels of a step the first stays."""
        node = 0
        for text, rating in zip(path.steps, path.ratings, strict=True):
            assert rating is not None
            child = self.children.get((node, text))
            if child is None:
                self.texts.append(text)
                self.parents.append(node)
                self.depths.append(self.depths[node] + 1)
                child = self.children[(node, text)] = len(self.texts)
            self.conflicts += self.ratings.setdefault(child, rating) != rating
            node = child

    def events(self) -> Iterable[Event]:
        """The journal that grows this tree."""
        yield _node_added(0, [], 0, "root", "0", self.prompt)
        keys, born = ["0"], [0]
        for index, (text, parent) in enumerate(zip(self.texts, self.parents, strict=True), start=1):
            keys.append(f"{keys[parent]}.{born[parent]}")
            born[parent] += 1
            born.append(0)
            yield _node_added(index, [parent], self.depths[index], "step", keys[index], text)


def labels_import(*, session: Session, user: User, format: str, stream: IO[bytes]) -> dict[str, int]:
    """Import a file as labels of `user`; returns `{runs, steps, labels, conflicts}`. All of it or nothing.

    Raises:
        Invalid: a format there is not, or a line that cannot be read (named).
        TooLarge: more steps than one request may bring.
    """
    if format != "trl_stepwise":
        raise Invalid.field("format", f"{format!r} cannot be imported yet", "one of trl_stepwise")
    trees: dict[str, LabelledTree] = {}
    steps = 0
    try:
        for number, path in enumerate(FORMATS[format].read(stream), start=1):
            assert isinstance(path, LabelledPath)
            steps += len(path.steps)
            if steps > MOST_STEPS:
                raise TooLarge(f"The file has more than {MOST_STEPS} steps. Split it and import the parts.")
            _check(path, number)
            trees.setdefault(path.prompt, LabelledTree(path.prompt)).add(path)
    except MalformedRecord as error:
        raise Invalid(f"file: {error}", [FieldError("file", str(error), "mend the line and import again")]) from error
    if not trees:
        raise Invalid.field("file", "has no lines", "a file of JSON Lines")
    with transaction.atomic():
        for tree in trees.values():
            _store(session, user, tree)
    return {
        "runs": len(trees),
        "steps": sum(len(tree.texts) for tree in trees.values()),
        "labels": sum(len(tree.ratings) for tree in trees.values()),
        "conflicts": sum(tree.conflicts for tree in trees.values()),
    }


def _check(path: LabelledPath, number: int) -> None:
    if len(path.prompt) > LONGEST_PROBLEM:
        raise MalformedRecord(number, "prompt", f"has more than {LONGEST_PROBLEM} characters")
    if "\0" in path.prompt:
        raise MalformedRecord(number, "prompt", "contains a NUL character")


def _store(session: Session, user: User, tree: LabelledTree) -> Run:
    header: dict[str, Any] = {
        "version": 1,
        "problem": {"text": tree.prompt, "answer": None, "verifier": infer(tree.prompt, None)},
        "algorithm": IMPORTED,
        "params": {},
        "seed": 0,
        "policy": {"slug": IMPORTED},
        "reward": None,
        "sampling": {},
        "budget": NO_CAPS,
    }
    run = journal_store(session=session, user=user, header=header, events=tree.events())
    now = timezone.now()
    StepLabel.objects.bulk_create(
        (
            StepLabel(run=run, node_index=index, annotator=user, rating=rating, tags=[IMPORTED], created_at=now)
            for index, rating in sorted(tree.ratings.items())
        ),
        2_000,
    )
    return run


def _node_added(index: int, parents: list[int], depth: int, kind: str, key: str, text: str) -> Event:
    payload = {
        "index": index, "parents": parents, "depth": depth, "kind": kind, "key": key, "text": text, "tokens": 0,
        "finish": None if kind == "root" else "step", "logprob": None, "prior": None,
    }  # fmt: skip
    return Event(index + 1, "node_added", payload)
