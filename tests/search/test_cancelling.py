"""With the embedded models: a strategy that stops paths stops the engine, and is the same whoever shares the batch."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.models import catalogue, load_policy, load_reward
from search.run import Outcome, run_search
from search.spec import RunSpec, header_of
from tests.search.test_rerun_exact import journal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(entry["ready"] for entry in catalogue()), reason="the embedded models' weights are not trained yet"
    ),
]

STOPPING: list[tuple[str, dict[str, Any]]] = [
    ("short_m_at_k", {"k": 8, "m": 2, "chunk": 40}),
    ("speculative_rejection", {"n": 8, "chunk": 16}),
    ("certainty_stop", {"n": 8, "threshold": 0.5, "windows": 2}),
]


async def solved(algorithm: str, params: dict[str, Any], seed: int) -> tuple[Outcome, tuple[int, int, int]]:
    """A run alone in its engine, and the (tokens, rows, forward passes) that the engine computed for it."""
    policy, reward = load_policy("embedded"), load_reward("embedded")
    spec = RunSpec.model_validate(
        {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": algorithm, "params": params, "seed": seed}
    )
    occupancy = policy.occupancy  # type: ignore[attr-defined]
    before = occupancy.tokens, occupancy.rows, occupancy.forwards
    outcome = await run_search(header_of(spec, policy, reward), policy=policy, reward=reward)
    return outcome, (occupancy.tokens - before[0], occupancy.rows - before[1], occupancy.forwards - before[2])


async def test_a_race_stops_forward_rows_at_the_token_of_its_end():
    raced, (tokens, rows, forwards) = await solved("short_m_at_k", {"k": 16, "m": 1}, 3)
    sampled, (all_tokens, all_rows, all_forwards) = await solved("majority", {"n": 16}, 3)
    assert tokens == raced.tree.counters.tokens
    assert all_tokens == sampled.tree.counters.tokens
    # The race ran on the vote's own paths: its length is that of the shortest of them, and so is everyone's share.
    lengths = sorted(sum(n.tokens for n in sampled.tree.path(leaf)) for leaf in sampled.tree.candidates())
    assert forwards == lengths[0]
    assert tokens == 16 * lengths[0] < all_tokens
    assert rows < all_rows
    assert forwards < all_forwards


async def test_rejected_paths_cost_no_further_token():
    rejecting, (tokens, rows, _) = await solved("speculative_rejection", {"n": 16, "chunk": 16}, 4)
    whole, (all_tokens, all_rows, _) = await solved("best_of_n", {"n": 16}, 4)
    assert tokens == rejecting.tree.counters.tokens < all_tokens == whole.tree.counters.tokens
    assert rows < all_rows
    full = {"".join(f"{step}\n" for step in whole.tree.steps(leaf)) for leaf in whole.tree.candidates()}
    for leaf in (node for node in rejecting.tree.nodes if not node.children):
        written = "".join(f"{step}\n" for step in rejecting.tree.steps(leaf)).rstrip("\n")
        assert any(path.startswith(written) for path in full)


@settings(max_examples=4, deadline=None)
@given(
    st.sampled_from(STOPPING),
    st.integers(0, 2**40),
    st.lists(st.tuples(st.sampled_from([*STOPPING, ("best_of_n", {"n": 5})]), st.integers(0, 99)), max_size=9),
)
def test_random_neighbours_change_nothing(strategy, seed, neighbours):
    async def check() -> None:
        alone = await journal(seed, *strategy)
        others = [
            journal(own, *other, problem=f"{1 + own % 9} {2 + own % 7} {3 + own % 5} 11 -> 24")
            for other, own in neighbours
        ]
        among, *_ = await asyncio.gather(journal(seed, *strategy), *others)
        assert among == alone

    asyncio.run(check())


@pytest.mark.parametrize("strategy", STOPPING, ids=lambda strategy: strategy[0])
async def test_a_worker_that_died_changes_nothing(strategy):
    whole = await journal(6, *strategy)
    for share in (0.3, 0.7):
        assert await journal(6, *strategy, at=int(share * len(whole))) == whole


@settings(max_examples=6, deadline=None)
@given(st.sampled_from(STOPPING), st.integers(1, 400), st.integers(2, 40), st.integers(0, 2**40))
def test_no_budget_is_exceeded_by_the_engines_own_count(strategy, tokens, nodes, seed):
    policy, reward = load_policy("embedded"), load_reward("embedded")
    before = policy.occupancy.tokens  # type: ignore[attr-defined]
    spec = RunSpec.model_validate(
        {
            "problem": {"text": "3 5 7 11 -> 24"}, "algorithm": strategy[0], "params": strategy[1], "seed": seed,
            "budget": {"tokens": tokens, "nodes": nodes},
        }
    )  # fmt: skip
    outcome = asyncio.run(run_search(header_of(spec, policy, reward), policy=policy, reward=reward))
    drawn = policy.occupancy.tokens - before  # type: ignore[attr-defined]
    assert drawn == outcome.tree.counters.tokens <= tokens
    assert len(outcome.tree) <= nodes
    assert sum(node.tokens for node in outcome.tree.nodes) == drawn
