"""How well a process reward finds the first wrong step: ProcessBench's F1.

Zheng et al., "ProcessBench: Identifying Process Errors in Mathematical Reasoning", 2024. A reward predicts the first
step that it scores below a threshold, −1 if there is none. F1 is the harmonic mean of two accuracies: of the exact
index on solutions with an error, and of −1 on solutions without.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from search.datasets.records import LabelledPath
from search.rewards.base import Reward, ScoreRequest

AT_ONCE = 64
"""Solutions that are scored together, which is what is held in memory."""


@dataclass(slots=True)
class Found:
    """Solutions with and without an error, and of how many of each the prediction was right."""

    erroneous: int = 0
    located: int = 0
    correct: int = 0
    passed: int = 0

    def count(self, label: int, predicted: int) -> None:
        """One more solution; −1 is no error."""
        if label < 0:
            self.correct += 1
            self.passed += predicted < 0
        else:
            self.erroneous += 1
            self.located += predicted == label

    @property
    def error_accuracy(self) -> float | None:
        """Of the exact index on solutions with an error; None without any."""
        return self.located / self.erroneous if self.erroneous else None

    @property
    def correct_accuracy(self) -> float | None:
        """Of −1 on solutions without an error; None without any."""
        return self.passed / self.correct if self.correct else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both; None where one of them is."""
        one, other = self.error_accuracy, self.correct_accuracy
        if one is None or other is None:
            return None
        return 2 * one * other / (one + other) if one + other else 0.0


def first_error(ratings: Sequence[int | None]) -> int:
    """Index of the first step that is marked wrong; −1 if none is."""
    return next((at for at, rating in enumerate(ratings) if rating == -1), -1)


def first_below(scores: Sequence[float], threshold: float) -> int:
    """Index of the first score below the threshold; −1 if none is."""
    return next((at for at, score in enumerate(scores) if score < threshold), -1)


async def step_scores(
    paths: Iterable[LabelledPath], reward: Reward
) -> AsyncIterator[tuple[LabelledPath, tuple[float, ...]]]:
    """Each solution with the scores of its steps.

    Raises:
        RewardError: the reward fails.
        ValueError: it scores paths as a whole, which names no step.
    """
    waiting = iter(paths)
    while batch := list(islice(waiting, AT_ONCE)):
        results = await reward.score([ScoreRequest(path.prompt, path.steps, True) for path in batch])
        for path, result in zip(batch, results, strict=True):
            if len(result.steps) != len(path.steps):
                raise ValueError(f"{reward.name} scores a solution as a whole; it takes a reward that scores steps")
            yield path, result.steps
