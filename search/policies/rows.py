"""The samples being decoded, one row each, in arrays so that a token costs no Python per row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.batching import Call
from search.policies.base import StepRequest, StepSample
from search.randomness import uniforms

GOES_ON, STOPS, LOOK = 0, 1, 2
"""What a token means to a stop rule: nothing, a stop for sure, or a stop if the decoded tail says so."""


@dataclass(slots=True)
class Sample:
    """One request being served: whose it is, what it continues and how far it may go."""

    call: Call[StepRequest, StepSample]
    position: int
    request: StepRequest
    prompt_ids: tuple[int, ...]
    limit: int
    rule: int


class Rows:
    """Parallel arrays over the rows in use, 0 … count − 1; row r decodes the sequence in cache slot r."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0
        self.samples: list[Sample | None] = [None] * capacity
        self.next_token: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.length: NDArray[np.int64] = np.zeros(capacity, np.int64)  # tokens already in the cache
        self.generated: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.limit: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.rule: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.temperature: NDArray[np.float64] = np.zeros(capacity)
        self.top_p: NDArray[np.float64] = np.ones(capacity)
        self.tokens: NDArray[np.int64] = np.zeros((capacity, 64), np.int64)
        self.logprobs: NDArray[np.float64] = np.zeros((capacity, 64))
        self.draws: NDArray[np.float64] = np.zeros((capacity, 64))

    @property
    def free(self) -> int:
        """How many more rows fit."""
        return self.capacity - self.count

    def add(self, sample: Sample, length: int, next_token: int) -> int:
        """Start a row whose cache slot holds `length` tokens and that feeds `next_token` next."""
        row, request = self.count, sample.request
        self._widen(sample.limit)
        self.samples[row] = sample
        self.next_token[row] = next_token
        self.length[row] = length
        self.generated[row] = 0
        self.limit[row] = sample.limit
        self.rule[row] = sample.rule
        self.temperature[row] = request.sampling.temperature
        self.top_p[row] = request.sampling.top_p
        if request.sampling.temperature > 0:
            self.draws[row, : sample.limit] = uniforms(request.seed, request.key, count=sample.limit)
        self.count += 1
        return row

    def record(self, tokens: NDArray[np.int64], logprobs: NDArray[np.float64]) -> None:
        """Append one drawn token to every row and make it the next one to feed."""
        rows = np.arange(self.count)
        at = self.generated[: self.count]
        self.tokens[rows, at] = tokens
        self.logprobs[rows, at] = logprobs
        self.next_token[: self.count] = tokens
        self.generated[: self.count] += 1
        self.length[: self.count] += 1

    def remove(self, row: int) -> int:
        """End a row; the last row takes its place and its old index is returned (its cache slot must follow)."""
        last = self.count - 1
        if row != last:
            self.samples[row] = self.samples[last]
            for column in self._columns():
                column[row] = column[last]
        self.samples[last] = None
        self.count = last
        return last

    def clear(self) -> None:
        """End every row."""
        self.samples = [None] * self.capacity
        self.count = 0

    def draws_now(self) -> NDArray[np.float64]:
        """Each row's uniform number for the token about to be drawn."""
        draws: NDArray[np.float64] = self.draws[np.arange(self.count), self.generated[: self.count]]
        return draws

    def _columns(self) -> tuple[NDArray[np.int64] | NDArray[np.float64], ...]:
        return (
            self.next_token, self.length, self.generated, self.limit, self.rule,
            self.temperature, self.top_p, self.tokens, self.logprobs, self.draws,
        )  # fmt: skip

    def _widen(self, tokens: int) -> None:
        width = self.tokens.shape[1]
        if tokens <= width:
            return
        extra = ((0, 0), (0, max(tokens, 2 * width) - width))
        self.tokens = np.pad(self.tokens, extra)
        self.logprobs = np.pad(self.logprobs, extra)
        self.draws = np.pad(self.draws, extra)
