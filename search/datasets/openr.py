"""OpenR's process data, as MATH-APS is published: `question`, `process` and one label per step.

Wang et al., "OpenR: An Open Source Framework for Advanced Reasoning with Large Language Models", 2024. In `process`
every step is ended by five line breaks; PRM800K as OpenR prepares it has "ки" there, which is read too. Labels are
"+" and "-", or Monte Carlo estimates, of which OpenR calls those above ½ right.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, origin_of, provenance, share_of, steps_before_unmarked, text_of
from search.datasets.records import LabelledPath, Neutral, Origin, Record

NAME = "openr"
TAG = "\n\n\n\n\n"
OTHER_TAG = "ки"


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return {"question", "process", "label"} <= record.keys()


def parse(record: dict[str, Any], line: int) -> LabelledPath:
    """ "+" is +1, "-" is −1; a number is kept as the step's value too."""
    prompt = text_of(record, "question", line, empty=False)
    process = text_of(record, "process", line, empty=False)
    tag = TAG if TAG in process else OTHER_TAG
    *pieces, rest = process.split(tag)
    if not pieces or rest.strip():
        raise MalformedRecord(line, "process", "has a step that is not ended", "end each with five line breaks")
    steps = (pieces[0].removesuffix(" "), *(piece.removeprefix(" ").removesuffix(" ") for piece in pieces[1:]))
    labels = list_of(record, "label", line, length=len(steps))
    values = tuple(None if isinstance(label, str | bool) else share_of(label, "label", line) for label in labels)
    ratings = tuple(_rating(label, line) for label in labels)
    origin = origin_of(record, line, Origin("rollout", "openr"))
    kept = values if any(value is not None for value in values) else ()
    return LabelledPath(prompt, steps, ratings, values=kept, origin=origin)


def unparse(path: Record, neutral: Neutral) -> dict[str, Any]:
    """One line, up to the first unmarked step. Values are the labels where all steps have one that says the same."""
    assert isinstance(path, LabelledPath)
    end = steps_before_unmarked(path.ratings)
    if not end:
        raise Unwritable(f"{NAME}: no step is marked")
    steps = path.steps[:end]
    if any(TAG in step for step in steps):
        raise Unwritable(f"{NAME}: a step holds five line breaks in a row, which is how the format ends a step")
    marks = {1: "+", -1: "-", 0: "-" if neutral == "bad" else "+"}
    labels: list[Any] = [marks[rating] for rating in path.ratings[:end] if rating is not None]
    values = path.values[:end]
    ratings = path.ratings[:end]
    if len(values) == end and all(_says(value, rating) for value, rating in zip(values, ratings, strict=True)):
        labels = list(values)
    return {
        "question": path.prompt,
        "process": " ".join(f"{step} {TAG}" for step in steps),
        "label": labels,
        "provenance": provenance(path.origin),
    }


def _says(value: float | None, rating: int | None) -> bool:
    """Whether the value, read again, is this rating."""
    return value is not None and _rating(value, 0) == rating


def _rating(label: object, line: int) -> int | None:
    if isinstance(label, bool):
        return 1 if label else -1
    if label in ("+", "-"):
        return 1 if label == "+" else -1
    if isinstance(label, str):
        raise MalformedRecord(line, "label", f"{label!r} is no label", 'write "+", "-" or a number from 0 to 1')
    share = share_of(label, "label", line)
    return None if share is None else 1 if share > 0.5 else -1
