"""The exact truth as a reward."""

from __future__ import annotations

import pytest

from search.rewards.base import RewardError, ScoreRequest
from search.rewards.exact import ExactReward


async def test_each_step_is_one_while_the_target_can_be_reached_and_zero_after():
    steps = ("11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "6 + 4 = 10 (left: 10)")
    (scored,) = await ExactReward().score([ScoreRequest("3 5 7 11 -> 24", steps, finished=True)])
    assert (scored.steps, scored.last, scored.tokens) == ((1.0, 1.0, 0.0), 0.0, 0)


async def test_a_problem_without_exact_truth_is_refused_by_name():
    with pytest.raises(RewardError, match="reward exact knows the truth of Countdown and arithmetic only"):
        await ExactReward().score([ScoreRequest("who am I?", ("x",), finished=False)])
