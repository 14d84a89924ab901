"""The exact truth as a reward: 1 where a partial solution can still come right, 0 where it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.truth import readable_domain


class ExactReward:
    """A domain's own truth, step by step. It shows what a search could do with a perfect reward."""

    @property
    def name(self) -> str:
        """The slug."""
        return "exact"

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps."""
        return {"slug": self.name, "convention": "exact", "engine": "domain"}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """1.0 or 0.0 per step; no tokens are read.

        Raises:
            RewardError: no domain reads the problem.
        """
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> PathScore:
        domain = readable_domain(request.problem)
        if domain is None:
            raise RewardError(
                "reward exact knows the truth of Countdown and arithmetic only, and this problem is neither;"
                " choose a process reward model"
            )
        steps = request.steps
        return PathScore(
            tuple(float(domain.reachable(request.problem, steps[: i + 1])) for i in range(len(steps))), tokens=0
        )
