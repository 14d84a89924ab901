"""When a sample ends: end-of-sequence tokens and stop rules as tables over the vocabulary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from search.policies.base import Finish
from search.policies.samples import Sample, Samples
from search.tokenization import StopRule, Tokenization

GOES_ON, STOPS, LOOK, ENDS = 0, 1, 2, 3
"""What a token means under a rule: nothing, a stop, a stop if the decoded tail says so, the end of the solution."""


class Endings:
    """Every stop rule in use, one row of the table each."""

    def __init__(self, tokenization: Tokenization, end_ids: frozenset[int]) -> None:
        self._tokenization = tokenization
        self._end_ids = [i for i in end_ids if i < tokenization.size]
        self._numbers: dict[tuple[str, ...], int] = {}
        self._rules: list[StopRule] = []
        self._table: NDArray[np.int8] = np.zeros((0, tokenization.size), np.int8)

    def number_of(self, stops: tuple[str, ...]) -> int:
        """The number of the rule for these stop strings."""
        if stops not in self._numbers:
            rule = StopRule(self._tokenization, stops)
            row = np.full((1, self._tokenization.size), GOES_ON, np.int8)
            row[0, list(rule.within)] = STOPS
            row[0, list(rule.closing)] = LOOK
            row[0, self._end_ids] = ENDS
            self._table = np.concatenate((self._table, row))
            self._rules.append(rule)
            self._numbers[stops] = len(self._rules) - 1
        return self._numbers[stops]

    def finishes(self, samples: Samples, tokens: NDArray[np.int64]) -> dict[int, Finish]:
        """Which samples end with the tokens just recorded, and how."""
        count = samples.count
        meaning = self._table[samples.rule[:count], tokens]
        spent = samples.generated[:count] >= samples.limit[:count]
        found: dict[int, Finish] = {}
        for at in np.flatnonzero((meaning != GOES_ON) | spent).tolist():
            finish = self._finish(samples, at, int(meaning[at]), bool(spent[at]))
            if finish is not None:
                found[at] = finish
        return found

    def _finish(self, samples: Samples, at: int, meaning: int, spent: bool) -> Finish | None:
        if meaning == ENDS:
            return "end"
        if meaning == STOPS:
            return "step"
        sample = samples.of[at]
        if meaning == LOOK and self._rules[sample.rule].reached((*_begun(sample), *samples.ids(at))):
            return "step"
        if not spent:
            return None
        request = sample.request
        return "budget" if request.cut_by_budget and samples.limit[at] == request.max_tokens else "length"

    def text(self, sample: Sample, finish: Finish, ids: tuple[int, ...]) -> str:
        """A sample's text: without the end-of-sequence token, cut before the stop string."""
        text = self._tokenization.decode(ids[:-1] if finish == "end" else ids, after=sample.prompt_ids[-8:])
        if finish != "step":
            return text
        begun = _begun(sample)  # a stop string may begin in the chunk before
        before = self._tokenization.decode(begun, after=sample.prompt_ids[: -len(begun)][-8:]) if begun else ""
        return self._rules[sample.rule].cut(before + text)[len(before) :]


def _begun(sample: Sample) -> tuple[int, ...]:
    """What the prompt's end holds of this very step."""
    drawn = sample.request.drawn
    return sample.prompt_ids[-drawn:] if drawn else ()
