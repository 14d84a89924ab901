"""The samples being decoded, in arrays, so that a token costs no Python per sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.batching import Call
from search.policies.base import StepRequest
from search.policies.gang import Course
from search.randomness import uniforms


@dataclass(slots=True)
class Sample:
    """One request being served: whose it is, what it continues, how far it may go, which stop rule holds."""

    call: Call[Any, Any]
    position: int
    request: StepRequest
    prompt_ids: tuple[int, ...]
    limit: int
    rule: int
    course: Course | None = None  # the path that this is a step of, where paths are decoded in lockstep


class Written(NamedTuple):
    """What a sample has come to: a number per token, and the tokens' mean certainty (search/policies/base.py)."""

    ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    entropies: tuple[float, ...] = ()
    certainty: float | None = None


class Samples:
    """Parallel arrays over the samples under way, 0 … count − 1; `row` is the cache slot a sample reads from."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0
        self.of: list[Sample] = []
        self.row: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.generated: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.limit: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.rule: NDArray[np.int64] = np.zeros(capacity, np.int64)
        self.temperature: NDArray[np.float64] = np.zeros(capacity)
        self.top_p: NDArray[np.float64] = np.ones(capacity)
        self.tokens: NDArray[np.int64] = np.zeros((capacity, 64), np.int64)
        self.logprobs: NDArray[np.float64] = np.zeros((capacity, 64))
        self.entropies: NDArray[np.float64] = np.zeros((capacity, 64))
        self.certainty: NDArray[np.float64] = np.zeros(capacity)  # summed over the tokens so far
        self.draws: NDArray[np.float64] = np.zeros((capacity, 64))

    @property
    def free(self) -> int:
        """How many more samples fit."""
        return self.capacity - self.count

    def add(self, sample: Sample, row: int) -> None:
        """Start a sample whose next token comes from a row's logits."""
        at, request = self.count, sample.request
        self.of.append(sample)
        self.row[at] = row
        self.rule[at] = sample.rule
        self.temperature[at] = request.sampling.temperature
        self.top_p[at] = request.sampling.top_p
        self._begin(at, sample)
        self.count += 1

    def turn(self, at: int, sample: Sample) -> None:
        """Let the next step of a path take the place of the step before it, in the same row."""
        self.of[at] = sample
        self._begin(at, sample)

    def _begin(self, at: int, sample: Sample) -> None:
        request = sample.request
        self._widen(sample.limit)
        self.generated[at] = 0
        self.certainty[at] = 0.0
        self.limit[at] = sample.limit
        if request.sampling.temperature > 0:
            stream = uniforms(request.seed, request.key, count=request.drawn + sample.limit)
            self.draws[at, : sample.limit] = stream[request.drawn :]

    def record(
        self,
        tokens: NDArray[np.int64],
        logprobs: NDArray[np.float64],
        entropies: NDArray[np.float64],
        certainties: NDArray[np.float64],
    ) -> None:
        """Append one drawn token to every sample."""
        every, at = np.arange(self.count), self.generated[: self.count]
        self.tokens[every, at] = tokens
        self.logprobs[every, at] = logprobs
        self.entropies[every, at] = entropies
        self.certainty[: self.count] += certainties
        self.generated[: self.count] += 1

    def draws_now(self) -> NDArray[np.float64]:
        """Each sample's uniform number for the token about to be drawn."""
        draws: NDArray[np.float64] = self.draws[np.arange(self.count), self.generated[: self.count]]
        return draws

    def ids(self, at: int) -> tuple[int, ...]:
        """The tokens of a sample so far."""
        return tuple(self.tokens[at, : int(self.generated[at])].tolist())

    def written(self, at: int) -> Written:
        """A sample so far."""
        length = int(self.generated[at])
        logprobs, entropies = self.logprobs[at, :length].tolist(), self.entropies[at, :length].tolist()
        return Written(self.ids(at), tuple(logprobs), tuple(entropies), self._mean_certainty(at))

    def _mean_certainty(self, at: int) -> float | None:
        """Mean certainty of a sample's tokens; None before the first one, or where a token was impossible."""
        mean = float(self.certainty[at]) / max(1, int(self.generated[at]))
        return round(mean, 6) if self.generated[at] and math.isfinite(mean) else None

    def keep(self, staying: NDArray[np.bool_]) -> None:
        """Drop the samples that do not stay; the others close up, their order kept."""
        kept = np.flatnonzero(staying)
        for column in (
            self.row, self.generated, self.limit, self.rule, self.temperature, self.top_p,
            self.tokens, self.logprobs, self.entropies, self.certainty, self.draws,
        ):  # fmt: skip
            column[: len(kept)] = column[kept]
        self.of = [self.of[at] for at in kept.tolist()]
        self.count = len(kept)

    def clear(self) -> None:
        """Drop every sample."""
        self.of = []
        self.count = 0

    def _widen(self, tokens: int) -> None:
        width = self.tokens.shape[1]
        if tokens > width:
            extra = ((0, 0), (0, max(tokens, 2 * width) - width))
            self.tokens = np.pad(self.tokens, extra)
            self.logprobs = np.pad(self.logprobs, extra)
            self.entropies = np.pad(self.entropies, extra)
            self.draws = np.pad(self.draws, extra)
