"""What a reward model is: something that scores partial or finished solutions, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """One sequence to score: a problem and the steps of one path from the root."""

    problem: str
    steps: tuple[str, ...]
    finished: bool  # the last step ends the solution


@dataclass(frozen=True, slots=True)
class PathScore:
    """Scores of one path: one per step, in [0, 1] for process rewards, rounded to 1e-6; `tokens` read by the model."""

    steps: tuple[float, ...]
    tokens: int

    @property
    def last(self) -> float:
        """The score of the newest step: what a process reward says of the partial solution."""
        return self.steps[-1]


class Reward(Protocol):
    """A reward model, judge or exact truth."""

    @property
    def name(self) -> str: ...

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps: slug, convention, weights' hash, template, dtype, versions."""
        ...

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """One result per request, in order. One request is one reward call.

        Raises:
            RewardError: NaN, the wrong number of step scores, or a failing model; names the reward model.
        """
        ...


class RewardError(RuntimeError):
    """A reward model failed; the message names it and what to mend."""
