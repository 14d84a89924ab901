"""PRMBench: a right solution, a copy with errors put in, and the numbers of the wrong steps, counted from 1.

Song et al., "PRMBench: A Fine-grained and Challenging Benchmark for Process-Level Reward Models", 2025. Every step of
the modified solution is judged: those named are wrong, the others right.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, origin_of, provenance, steps_before_unmarked, text_of, texts_of
from search.datasets.records import LabelledPath, Neutral, Origin, Record

NAME = "prmbench"
KEPT = ("idx", "original_question", "question", "original_process", "modified_steps", "reason", "classification")


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return {"modified_process", "error_steps"} <= record.keys()


def parse(record: dict[str, Any], line: int) -> LabelledPath:
    """The modified solution: −1 for its error steps, +1 for the others."""
    name = next((name for name in ("modified_question", "question") if record.get(name)), "original_question")
    prompt = text_of(record, name, line, empty=False)
    steps = texts_of(record, "modified_process", line)
    ratings = [1] * len(steps)
    for number in list_of(record, "error_steps", line):
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(steps):
            raise MalformedRecord(line, "error_steps", f"{number!r} is none of the steps 1 to {len(steps)}")
        ratings[number - 1] = -1
    fields = {name: record[name] for name in KEPT if record.get(name) is not None}
    return LabelledPath(prompt, steps, tuple(ratings), origin=origin_of(record, line, Origin()), fields=fields)


def unparse(path: Record, neutral: Neutral) -> dict[str, Any]:
    """One line; the path ends before its first unmarked step."""
    assert isinstance(path, LabelledPath)
    end = steps_before_unmarked(path.ratings)
    if not end:
        raise Unwritable(f"{NAME}: no step is marked")
    wrong = (-1, 0) if neutral == "bad" else (-1,)
    errors = [number for number, rating in enumerate(path.ratings[:end], start=1) if rating in wrong]
    kept = path.fields
    return {
        "idx": kept.get("idx", path.origin.run),
        "original_question": kept.get("original_question", path.prompt),
        "modified_question": path.prompt,
        "original_process": kept.get("original_process", []),
        "modified_process": list(path.steps[:end]),
        "modified_steps": kept.get("modified_steps", errors),
        "error_steps": errors,
        "reason": kept.get("reason", ""),
        "question": kept.get("question", path.prompt),
        "classification": kept.get("classification", ""),
        "provenance": provenance(path.origin),
    }
