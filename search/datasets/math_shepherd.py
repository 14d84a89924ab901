"""Math-Shepherd: `input` is the problem and its steps, each ended by " ки"; `label` is the same text with + or − there.

The data set's own spelling (Wang et al., "Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human
Annotations", 2024): steps begin with "Step n: " and are separated by line breaks. The two texts are read side by side,
so a "ки" that belongs to a step is told from one that ends it. The labels came from rollouts of a policy (+: some of
them reached the right answer), which is the source they are read with.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import origin_of, provenance, steps_before_unmarked, text_of
from search.datasets.records import LabelledPath, Neutral, Origin, Record

NAME = "math_shepherd"
TAG = "ки"
FIRST = " Step 1: "


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return isinstance(record.get("input"), str) and isinstance(record.get("label"), str) and TAG in record["input"]


def parse(record: dict[str, Any], line: int) -> LabelledPath:
    """+ is +1, − is −1. The problem ends where the first step begins."""
    pieces, ratings = _aligned(text_of(record, "input", line, empty=False), text_of(record, "label", line), line)
    prompt, found, first = pieces[0].partition(FIRST)
    if not found or not prompt.strip():
        raise MalformedRecord(line, "input", 'has no "Step 1: " after a problem', "begin the first step with it")
    steps = [first]
    for number, piece in enumerate(pieces[1:], start=2):
        steps.append(piece.removeprefix("\n").removeprefix(f"Step {number}: "))
    task = record.get("task")
    return LabelledPath(
        prompt,
        tuple(steps),
        tuple(ratings),
        origin=origin_of(record, line, Origin("rollout", "math-shepherd")),
        fields={"task": task} if isinstance(task, str) else {},
    )


def unparse(path: Record, neutral: Neutral) -> dict[str, Any]:
    """One line; the path ends before its first unmarked step."""
    assert isinstance(path, LabelledPath)
    end = steps_before_unmarked(path.ratings)
    if not end:
        raise Unwritable(f"{NAME}: no step is marked")
    if FIRST in path.prompt:
        raise Unwritable(f"{NAME}: the problem says {FIRST!r}, which is where the format ends a problem")
    marks = {1: "+", -1: "-", 0: "-" if neutral == "bad" else "+"}
    signs = [marks[rating] for rating in path.ratings[:end] if rating is not None]
    begun = [f"Step {number}: {text} " for number, text in enumerate(path.steps[:end], start=1)]
    return {
        "input": f"{path.prompt} " + "\n".join(step + TAG for step in begun),
        "label": f"{path.prompt} " + "\n".join(step + sign for step, sign in zip(begun, signs, strict=True)),
        "task": path.fields.get("task", ""),
        "provenance": provenance(path.origin),
    }


def _aligned(text: str, labelled: str, line: int) -> tuple[list[str], list[int]]:
    """The pieces between the tags that `labelled` replaces by a sign, and the signs."""
    pieces: list[str] = []
    ratings: list[int] = []
    begun, read = 0, 0  # where the piece began in `text`; how far `labelled` is read
    at = text.find(TAG)
    checked = 0  # `text` up to here is known to be in `labelled`
    while at >= 0:
        span = at - checked
        if labelled[read : read + span] != text[checked:at]:
            raise MalformedRecord(line, "label", f"differs from input before its tag {len(ratings) + 1}")
        read += span
        sign = labelled[read : read + 1]
        if sign in ("+", "-"):
            pieces.append(text[begun:at].removesuffix(" "))
            ratings.append(1 if sign == "+" else -1)
            read += 1
            begun = checked = at + len(TAG)
        elif labelled.startswith(TAG, read):
            read += len(TAG)
            checked = at + len(TAG)
        else:
            raise MalformedRecord(line, "label", f"has {sign!r} where tag {len(ratings) + 1} is", "write + or -")
        at = text.find(TAG, at + len(TAG))
    if not ratings:
        raise MalformedRecord(line, "input", f'has no step that ends in " {TAG}"')
    if text[begun:].strip() or labelled[read:].strip():
        raise MalformedRecord(line, "input", f'goes on after its last " {TAG}"', "end every step with it")
    return pieces, ratings
