"""The particle filter on populations worked out by hand."""

from __future__ import annotations

import pytest

from search.randomness import uniform
from tests.search.algorithms.puzzle import path, solve

WORDS = {"": ["p", "q"], "p": ["p1.", "p2."], "q": ["q1.", "q2."]}
REWARDS = {"p": 0.5, "q": 0.75, "p1": 0.5, "p2": 0.5, "q1": 0.8, "q2": 0.2}
LOW = next(s for s in range(100) if uniform(s, "draw", "resample", 0) < 0.5)
HIGH = next(s for s in range(100) if uniform(s, "draw", "resample", 0) >= 0.5)


@pytest.mark.parametrize(("seed", "offspring"), [(LOW, [1, 1]), (HIGH, [0, 2])])
async def test_weights_ess_and_offspring(seed, offspring):
    run, _, _ = await solve("particle_filter", {"particles": 2}, WORDS, REWARDS, seed=seed)
    first = run.payloads("resampled")[0]
    # odds 1 : 3; systematic points u/2 and (1 + u)/2 against the edge at 1/4
    assert [p["weight"] for p in first["particles"]] == pytest.approx([0.25, 0.75])
    assert first["ess"] == pytest.approx(1.6)
    assert [p["offspring"] for p in first["particles"]] == offspring
    assert (first["resampled"], first["step"], first["scheme"]) == (True, 1, "systematic")


async def test_a_particle_without_offspring_is_resampled_not_pruned_by_rule():
    run, policy, _ = await solve("particle_filter", {"particles": 2}, WORDS, REWARDS, seed=HIGH)
    lost = run.outcome.tree[1]
    assert lost.status == "pruned"
    assert lost.decision is not None
    assert (lost.decision["outcome"], lost.decision["rule"]) == ("resampled", "systematic")
    assert [request.key for request in policy.batches[1]] == ["0.1.0", "0.1.1"]  # both descend from q


async def test_the_last_weights_decide_and_are_not_resampled():
    run, _, _ = await solve("particle_filter", {"particles": 2}, WORDS, REWARDS, seed=HIGH)
    last = run.payloads("resampled")[-1]
    # odds of .8 and .2: 4 and 1/4
    assert [p["weight"] for p in last["particles"]] == pytest.approx([16 / 17, 1 / 17])
    assert not last["resampled"]
    assert path(run) == ["q", "q1"]


async def test_a_finished_particle_stays_in_the_population():
    words = {"": ["p.", "q"], "q": ["q1."]}
    rewards = {"p": 0.75, "q": 0.75, "q1": 0.5}
    run, policy, _ = await solve("particle_filter", {"particles": 2}, words, rewards, seed=LOW)
    assert [len(batch) for batch in policy.batches] == [2, 1]
    last = run.payloads("resampled")[-1]["particles"]
    assert [(p["node"], pytest.approx(p["weight"])) for p in last] == [(1, 0.75), (3, 0.25)]
    assert path(run) == ["p"]


async def test_above_the_threshold_the_particles_go_on_as_they_are():
    run, _, _ = await solve("particle_filter", {"particles": 2, "ess_threshold": 0.5}, WORDS, REWARDS, seed=HIGH)
    first = run.payloads("resampled")[0]  # ESS/N = 0.8
    assert (first["resampled"], [p["offspring"] for p in first["particles"]]) == (False, [1, 1])
    below, _, _ = await solve("particle_filter", {"particles": 2, "ess_threshold": 0.9}, WORDS, REWARDS, seed=HIGH)
    assert below.payloads("resampled")[0]["resampled"]


async def test_the_reward_temperature_flattens_the_weights():
    run, _, _ = await solve("particle_filter", {"particles": 2, "reward_temperature": 2.0}, WORDS, REWARDS, seed=LOW)
    weights = [p["weight"] for p in run.payloads("resampled")[0]["particles"]]
    assert weights == pytest.approx([1 / (1 + 3**0.5), 3**0.5 / (1 + 3**0.5)])


async def test_a_weighted_vote_sums_the_weights_of_equal_answers():
    words = {"": ["a", "b", "c"], "a": ["x."], "b": ["y."], "c": ["x ."]}
    rewards = {"a": 0.5, "b": 0.5, "c": 0.5, "x": 0.5, "y": 0.6, "x ": 0.5}
    for final, chosen in (("argmax", "y"), ("weighted_vote", "x")):
        run, _, _ = await solve(
            "particle_filter", {"particles": 3, "final": final, "ess_threshold": 0.1}, words, rewards
        )
        assert path(run)[-1] == chosen
    # odds 1, 1.5, 1
    assert run.events[-1].payload["votes"] == [["x", pytest.approx(2 / 3.5), 2], ["y", pytest.approx(1.5 / 3.5), 1]]
