"""Rollout value: the share of a node's completions, by the run's own policy, whose answers verify.

"Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations" (Wang et al., 2024), soft
estimation: the label its reward model is trained on, taken here as the reward itself. Like `exact` it looks at the
right answer. No model scores anything: the search rolls out and verifies (search/scoring.py), so that every token
counts against the run's budget and a replay needs no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.rewards.base import PathScore, RewardError, ScoreRequest


class RolloutValue:
    """Stands for the rollouts in a run's header."""

    def __init__(self, completions: int = 8, max_steps: int = 32) -> None:
        """`completions` per node (the paper's K is 8), of at most `max_steps` steps each.

        Raises:
            RewardError: a number below one.
        """
        for name, value in (("completions", completions), ("max_steps", max_steps)):
            if value < 1:
                raise RewardError(f"rollout_value: {name} must be 1 or more, not {value}.")
        self._plan = {"completions": completions, "max_steps": max_steps}

    @property
    def name(self) -> str:
        """The slug."""
        return "rollout_value"

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps."""
        return {"slug": self.name, "convention": "rollouts", "engine": "policy", "rollouts": dict(self._plan)}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """Never asked by a search; other callers have no policy to roll out with.

        Raises:
            RewardError: always.
        """
        raise RewardError(f"{self.name} has no model: its values come from rollouts inside a run.")
