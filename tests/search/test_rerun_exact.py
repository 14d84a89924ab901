"""With the embedded models the same seed gives the same journal, whoever shares the batch, whenever a worker died."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.events import Event
from search.models import catalogue, load_policy, load_reward
from search.run import run_search
from search.spec import RunSpec, header_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(entry["ready"] for entry in catalogue()), reason="the embedded models' weights are not trained yet"
    ),
]


async def journal(seed: int, algorithm: str, params: dict, problem: str = "3 5 7 11 -> 24", at: int = 0) -> list[Event]:
    """A run's events; with `at`, the journal of a run that was stopped there and replayed."""
    spec = RunSpec.model_validate(
        {"problem": {"text": problem}, "algorithm": algorithm, "params": params, "seed": seed}
    )
    policy, reward = load_policy(spec.policy), load_reward("embedded")
    stored = (await journal(seed, algorithm, params, problem))[:at] if at else []
    events = [*stored]
    await run_search(
        header_of(spec, policy, reward),
        stored,
        policy=policy,
        reward=reward,
        sink=lambda seq, kind, payload: events.append(Event(seq, kind, payload)),
    )
    return events


@pytest.mark.parametrize("neighbours", [1, 7, 31])
async def test_neighbours_in_the_batch_change_nothing(neighbours):
    alone = await journal(5, "beam", {"width": 2, "proposals": 3})
    others = [
        journal(100 + i, "best_of_n", {"n": 1 + i % 3}, problem=f"{1 + i % 9} {2 + i % 7} {3 + i % 5} 11 -> 24")
        for i in range(neighbours)
    ]
    among, *_ = await asyncio.gather(journal(5, "beam", {"width": 2, "proposals": 3}), *others)
    assert among == alone


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
async def test_a_worker_that_died_changes_nothing(share):
    whole = await journal(6, "particle_filter", {"particles": 4})
    assert await journal(6, "particle_filter", {"particles": 4}, at=int(share * len(whole))) == whole


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from([("beam", {"width": 2, "proposals": 2}), ("best_of_n", {"n": 4}), ("mcts", {"simulations": 6})]),
    st.integers(1, 300),
    st.integers(1, 12),
    st.integers(0, 2**40),
)
def test_no_budget_is_exceeded_by_the_engines_own_count(strategy, tokens, reward_calls, seed):
    policy, reward = load_policy("embedded"), load_reward("embedded")
    before = policy.occupancy.tokens, reward.occupancy.rows  # type: ignore[attr-defined]
    spec = RunSpec.model_validate(
        {
            "problem": {"text": "3 5 7 11 -> 24"}, "algorithm": strategy[0], "params": strategy[1], "seed": seed,
            "budget": {"tokens": tokens, "reward_calls": reward_calls},
        }
    )  # fmt: skip
    outcome = asyncio.run(run_search(header_of(spec, policy, reward), policy=policy, reward=reward))
    drawn, scored = policy.occupancy.tokens - before[0], reward.occupancy.rows - before[1]  # type: ignore[attr-defined]
    assert drawn == outcome.tree.counters.tokens <= tokens
    assert scored <= outcome.tree.counters.reward_calls <= reward_calls
    assert sum(node.tokens for node in outcome.tree.nodes) == drawn
