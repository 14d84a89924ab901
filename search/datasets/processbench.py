"""ProcessBench: a solution and the index of its first wrong step, counted from 0; −1 if there is none.

Zheng et al., "ProcessBench: Identifying Process Errors in Mathematical Reasoning", 2024. The steps before the first
error are right; what comes after it nobody has judged, so it is unmarked, not wrong.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import origin_of, provenance, text_of, texts_of
from search.datasets.records import LabelledPath, Neutral, Origin, Record

NAME = "processbench"
KEPT = ("id", "generator", "final_answer_correct")


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return {"problem", "steps", "label"} <= record.keys()


def parse(record: dict[str, Any], line: int) -> LabelledPath:
    """Ratings are +1 before the first error, −1 at it, None after it."""
    prompt = text_of(record, "problem", line, empty=False)
    steps = texts_of(record, "steps", line)
    label = record.get("label")
    if isinstance(label, bool) or not isinstance(label, int) or not -1 <= label < len(steps):
        wrong = f"{label!r} is no index of one of the {len(steps)} steps"
        raise MalformedRecord(line, "label", wrong, "the first wrong step counted from 0, or -1")
    right = len(steps) if label == -1 else label
    ratings = (*[1] * right, *[-1] * (label >= 0), *[None] * (len(steps) - right - 1))
    for name in ("id", "generator"):
        if record.get(name) is not None and not isinstance(record[name], str):
            raise MalformedRecord(line, name, "must be a text")
    if record.get("final_answer_correct") not in (True, False, None):
        raise MalformedRecord(line, "final_answer_correct", "must be true, false or null")
    fields = {name: record[name] for name in KEPT if record.get(name) is not None}
    return LabelledPath(prompt, steps, ratings, origin=origin_of(record, line, Origin()), fields=fields)


def unparse(path: Record, neutral: Neutral) -> dict[str, Any]:
    """One line. Without an error the solution ends before its first unmarked step."""
    assert isinstance(path, LabelledPath)
    wrong = (-1, 0) if neutral == "bad" else (-1,)
    label, end = -1, len(path.steps)
    for at, rating in enumerate(path.ratings):
        if rating is None:
            end = at
            break
        if rating in wrong:
            label = at
            break
    if not end:
        raise Unwritable(f"{NAME}: the first step is not marked")
    return {
        "id": path.fields.get("id", path.origin.run),
        "generator": path.fields.get("generator", ""),
        "problem": path.prompt,
        "steps": list(path.steps[:end]),
        "final_answer_correct": path.fields.get("final_answer_correct"),
        "label": label,
        "provenance": provenance(path.origin),
    }
