"""TRL's stepwise supervision: JSON Lines of `prompt`, `completions` (steps) and `labels` (one per step).

The format of `trl.experimental.prm.PRMTrainer`, which puts each label on the last separator token of its step
(von Werra et al., "TRL: Transformer Reinforcement Learning"). Labels are booleans, correct or not; the data set's
card allows floats, and `neutral="half"` uses them. A file holds one kind or the other, because column types are
inferred from its first lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Literal, get_args

from search.datasets import MalformedRecord, json_lines

NAME = "trl_stepwise"
TITLE = "TRL stepwise supervision (JSON Lines)"
SUFFIX = ".jsonl"

Neutral = Literal["good", "bad", "half"]
NEUTRALS: tuple[Neutral, ...] = get_args(Neutral)
"""What a neutral step (rating 0: correct, but it stalls or repeats) becomes. The format has no third value, so it is
`good` unless said otherwise, as the labelling rules call a neutral step correct; `half` writes all labels as floats
(1.0, 0.5, 0.0) and alone brings every rating back on import."""


@dataclass(frozen=True, slots=True)
class MarkedPath:
    """A problem and a path of steps from its beginning, every one of them rated −1, 0 or +1."""

    prompt: str
    steps: tuple[str, ...]
    ratings: tuple[int, ...]


def write(paths: Iterable[MarkedPath], stream: IO[bytes], *, neutral: Neutral = "good") -> int:
    """Write one line per path; returns how many. Memory does not grow with their number."""
    written = 0
    values = _values(neutral)
    for path in paths:
        labels = [values[rating] for rating in path.ratings]
        record = {"prompt": path.prompt, "completions": list(path.steps), "labels": labels}
        stream.write(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        written += 1
    return written


def read(stream: IO[bytes]) -> Iterator[MarkedPath]:
    """The paths of a file: true or above ½ is +1, false or below ½ is −1, exactly ½ is neutral.

    Raises:
        MalformedRecord: names the line and the field.
    """
    for number, record in json_lines(stream):
        prompt, steps, labels = (record.get(name) for name in ("prompt", "completions", "labels"))
        if not isinstance(prompt, str) or not prompt.strip():
            raise MalformedRecord(number, "prompt", "must be a text that is not empty")
        if not isinstance(steps, list) or not steps or not all(isinstance(step, str) for step in steps):
            raise MalformedRecord(number, "completions", "must be a list of at least one text")
        if not isinstance(labels, list) or len(labels) != len(steps):
            raise MalformedRecord(number, "labels", f"must be a list of {len(steps)} labels, one per completion")
        yield MarkedPath(prompt, tuple(steps), tuple(_rating(label, number) for label in labels))


def _values(neutral: Neutral) -> dict[int, bool | float]:
    if neutral == "half":
        return {1: 1.0, 0: 0.5, -1: 0.0}
    return {1: True, 0: neutral == "good", -1: False}


def _rating(label: object, line: int) -> int:
    if isinstance(label, bool):
        return 1 if label else -1
    if isinstance(label, int | float) and 0 <= label <= 1:
        return 0 if label == 0.5 else 1 if label > 0.5 else -1
    raise MalformedRecord(line, "labels", f"{label!r} is neither true, false nor a number from 0 to 1")
