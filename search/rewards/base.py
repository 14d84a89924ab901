"""What a reward model is: something that scores partial or finished solutions, many at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Grain = Literal["step", "path"]
"""What a reward scores: every step of a path, or the path as a whole."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """One sequence to score: a problem and the steps of one path from the root."""

    problem: str
    steps: tuple[str, ...]
    finished: bool  # the last step ends the solution


@dataclass(frozen=True, slots=True)
class PathScore:
    """Scores of one path, in [0, 1], rounded to 1e-6: one per step, or a single one for the path as a whole.

    `tokens` counts what the model read.
    """

    steps: tuple[float, ...]
    tokens: int

    @property
    def last(self) -> float:
        """The score of the newest step or of the path: what the reward says of the (partial) solution."""
        return self.steps[-1]


class Reward(Protocol):
    """A reward model, judge or exact truth."""

    @property
    def name(self) -> str: ...

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps: slug, convention, grain, weights' hash, template, dtype, versions."""
        ...

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """One result per request, in order. One request is one reward call.

        Raises:
            RewardError: NaN, the wrong number of step scores, or a failing model; names the reward model.
        """
        ...


class RewardError(RuntimeError):
    """A reward model failed; the message names it and what to mend."""


def check_path(name: str, grain: Grain, request: ScoreRequest, path: PathScore) -> None:
    """Nothing if a reward's answer has the right shape.

    Raises:
        RewardError: it has not; names the reward.
    """
    wanted = len(request.steps) if grain == "step" else 1
    if len(path.steps) != wanted:
        raise RewardError(
            f"reward {name} gave {len(path.steps)} scores for a path of {len(request.steps)} steps, not {wanted}:"
            " the model does not follow the convention it is configured for. Check its kind and its template."
        )
    if all(map(math.isfinite, path.steps)):
        return
    for number, score in enumerate(path.steps, start=1):
        if not math.isfinite(score):
            raise RewardError(
                f"reward {name} gave {'NaN' if math.isnan(score) else score} for step {number} of a path of"
                f" {len(request.steps)} steps: its weights may be damaged, or its dtype too narrow."
            )
