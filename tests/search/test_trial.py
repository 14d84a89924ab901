"""Trying a model outside a run: what it reads is what a run would give it."""

from __future__ import annotations

import pytest

from search.models import load_policy, load_reward
from search.policies.base import Sampling
from search.rewards.base import RewardError, ScoreRequest
from search.trial import try_policy, try_reward

STEP = "11 - 5 = 6 (left: 3 6 7)"


async def test_a_policy_reads_the_canonical_problem_and_writes_three_steps() -> None:
    found = await try_policy(load_policy("embedded"), " 11 7 5 3 -> 24 ", [STEP], Sampling())
    assert found["input"] == f"3 5 7 11 -> 24\n{STEP}\n"
    assert len(found["samples"]) == 3
    assert all(sample["tokens"] > 0 and "left:" in sample["text"] for sample in found["samples"])
    again = await try_policy(load_policy("embedded"), "3 5 7 11 -> 24", [STEP], Sampling())
    assert again["samples"] == found["samples"]


async def test_a_reward_scores_the_steps_as_in_a_run() -> None:
    reward = load_reward("embedded")
    found = await try_reward(reward, "3 5 7 11 -> 24", [STEP])
    [direct] = await reward.score([ScoreRequest("3 5 7 11 -> 24", (STEP,), finished=False)])
    assert found["scores"] == list(direct.steps)
    assert found["input"] == f"3 5 7 11 -> 24\n{STEP}\n"
    assert (await try_reward(load_reward("exact"), "3 5 7 11 -> 24", [STEP]))["scores"] == [1.0]


async def test_a_reward_without_steps_says_what_to_do() -> None:
    with pytest.raises(RewardError, match="write at least one"):
        await try_reward(load_reward("exact"), "3 5 7 11 -> 24", [])
