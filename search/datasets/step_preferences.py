"""Preferences between two steps, as DPO trains on them: `prompt`, `chosen`, `rejected`.

The prompt is the problem and the steps both candidates go on from (Lai et al., "Step-DPO: Step-wise Preference
Optimization for Long-chain Reasoning of LLMs", 2024). `problem` and `steps` say the same apart, so that nothing has to
be cut out of the prompt again.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord
from search.datasets.checks import list_of, origin_of, provenance, text_of
from search.datasets.records import Neutral, Origin, Record, StepPreference

NAME = "step_preferences"


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return {"prompt", "chosen", "rejected"} <= record.keys()


def parse(record: dict[str, Any], line: int) -> StepPreference:
    """Without `problem`, the whole prompt is the problem."""
    prompt = text_of(record, "prompt", line, empty=False)
    chosen, rejected = text_of(record, "chosen", line), text_of(record, "rejected", line)
    if chosen == rejected:
        raise MalformedRecord(line, "rejected", "is the same text as chosen", "leave out what does not differ")
    steps: list[Any] = []
    if record.get("problem") is not None:
        prompt = text_of(record, "problem", line, empty=False)
        steps = list_of(record, "steps", line) if record.get("steps") is not None else []
        if not all(isinstance(step, str) for step in steps):
            raise MalformedRecord(line, "steps", "must be a list of texts")
    return StepPreference(prompt, tuple(steps), chosen, rejected, origin_of(record, line, Origin()))


def unparse(preference: Record, neutral: Neutral) -> dict[str, Any]:
    """One line."""
    assert isinstance(preference, StepPreference)
    return {
        "prompt": "\n".join([preference.prompt, *preference.steps]),
        "chosen": preference.chosen,
        "rejected": preference.rejected,
        "problem": preference.prompt,
        "steps": list(preference.steps),
        "provenance": provenance(preference.origin),
    }
