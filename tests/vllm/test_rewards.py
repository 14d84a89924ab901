"""The embedded process reward in vLLM, in process and behind its server: the scores of our own engine."""

from __future__ import annotations

import asyncio

import pytest

from search.models import load_reward
from search.rewards.base import RewardError, ScoreRequest
from search.rewards.pooled_reward import PooledReward

PROBLEM = "3 5 7 11 -> 24"
STEPS = ("11 + 3 = 14 (left: 5 7 14)", "14 + 5 = 19 (left: 7 19)", "19 + 7 = 26 (left: 26)", "answer: 11 + 3 + 5 + 7")
LONG = "(73 - 48) * 9 - 6 * (31 - 14) + 57"
LONG_STEPS = ("73 - 48 = 25", "31 - 14 = 17", "25 * 9 = 225", "6 * 17 = 102", "225 - 102 = 123", "123 + 57 = 180")
PATHS = [
    *(ScoreRequest(PROBLEM, STEPS[:length], length == len(STEPS)) for length in range(1, len(STEPS) + 1)),
    *(ScoreRequest(LONG, LONG_STEPS[:length], False) for length in range(1, len(LONG_STEPS) + 1)),
]


@pytest.fixture(params=["prm_inside", "prm_served"])
def reward(request: pytest.FixtureRequest) -> PooledReward:
    found: PooledReward = request.getfixturevalue(request.param)
    return found


def test_scores_are_those_of_our_own_engine(reward: PooledReward) -> None:
    """Every step of growing paths, whose beginnings vLLM keeps: asked twice, no position is lost."""
    ours = load_reward("embedded")
    expected = asyncio.run(ours.score(PATHS))
    for _ in range(2):
        found = asyncio.run(reward.score(PATHS))
        for request, mine, theirs in zip(PATHS, expected, found, strict=True):
            assert len(theirs.steps) == len(request.steps)
            assert theirs.steps == pytest.approx(mine.steps, abs=1e-4)
            assert theirs.tokens == mine.tokens


def test_many_at_once_are_each_their_own(reward: PooledReward) -> None:
    """More paths than share a batch, or a request."""
    many = [ScoreRequest(f"{a} {b} 7 11 -> 24", (f"{a} + {b} = {a + b}",), False) for a in range(1, 13) for b in (2, 8)]
    expected = asyncio.run(load_reward("embedded").score(many * 2))
    found = asyncio.run(reward.score(many * 2))
    for mine, theirs in zip(expected, found, strict=True):
        assert theirs.steps == pytest.approx(mine.steps, abs=1e-4)


def test_it_says_what_it_is(reward: PooledReward) -> None:
    described = reward.describe()
    ours = load_reward("embedded").describe()
    same = ("kind", "grain", "convention", "weights_sha256", "tokenizer_sha256")
    assert {name: described[name] for name in same} == {name: ours[name] for name in same}
    assert described["pooling"] == "token_classify"
    assert described["rerun_exact"] is False


def test_a_path_that_is_too_long_fails_with_the_rewards_name(reward: PooledReward) -> None:
    long = ScoreRequest(LONG, LONG_STEPS * 6, False)
    with pytest.raises(RewardError, match=reward.name):
        asyncio.run(reward.score([long]))


def test_who_does_not_wait_any_more_leaves_the_engine(prm_inside: PooledReward) -> None:
    async def act() -> None:
        task = asyncio.ensure_future(
            prm_inside.score([ScoreRequest(f"{n} 2 7 11 -> 24", STEPS, True) for n in range(99)])
        )
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for _ in range(500):
            if not prm_inside.pooler.engine.unfinished:  # type: ignore[attr-defined]
                return
            await asyncio.sleep(0.02)
        raise AssertionError("vLLM still works on it")

    asyncio.run(act())
