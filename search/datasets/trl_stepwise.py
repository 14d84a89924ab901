"""TRL's stepwise supervision: `prompt`, `completions` (steps) and `labels` (one per step).

The format of `trl.experimental.prm.PRMTrainer`, which puts each label on the last separator token of its step
(von Werra et al., "TRL: Transformer Reinforcement Learning"). Labels are booleans, correct or not; the data set's
card allows floats, and neutral steps written as a half use them. A file holds one kind or the other, because column
types are inferred from its first lines. Steps whose labels another path has brought already stand in the prompt.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, origin_of, provenance, steps_before_unmarked, text_of, texts_of
from search.datasets.records import LabelledPath, Neutral, Origin, Record

NAME = "trl_stepwise"


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return {"prompt", "completions", "labels"} <= record.keys()


def parse(record: dict[str, Any], line: int) -> LabelledPath:
    """True or above ½ is +1, false or below ½ is −1, exactly ½ is neutral."""
    prompt = text_of(record, "prompt", line, empty=False)
    steps = texts_of(record, "completions", line)
    labels = list_of(record, "labels", line, length=len(steps))
    ratings = tuple(_rating(label, line) for label in labels)
    return LabelledPath(prompt, steps, ratings, origin=origin_of(record, line, Origin()))


def unparse(path: Record, neutral: Neutral) -> dict[str, Any]:
    """One line; the path ends before its first unmarked step, because the format has no word for one."""
    assert isinstance(path, LabelledPath)
    end = steps_before_unmarked(path.ratings)
    if end <= path.shared:
        raise Unwritable(f"{NAME}: no step is marked that was not written before")
    values = {1: 1.0, 0: 0.5, -1: 0.0} if neutral == "half" else {1: True, 0: neutral == "good", -1: False}
    return {
        "prompt": "\n".join([path.prompt, *path.steps[: path.shared]]),
        "completions": list(path.steps[path.shared : end]),
        "labels": [values[rating] for rating in path.ratings[path.shared : end] if rating is not None],
        "provenance": provenance(path.origin),
    }


def _rating(label: object, line: int) -> int:
    if isinstance(label, bool):
        return 1 if label else -1
    if isinstance(label, int | float) and 0 <= label <= 1:
        return 0 if label == 0.5 else 1 if label > 0.5 else -1
    wrong = f"{label!r} is neither true, false nor a number from 0 to 1"
    raise MalformedRecord(line, "labels", wrong, "cut the path before a step that is not marked")
