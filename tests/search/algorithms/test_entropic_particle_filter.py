"""The entropic particle filter on populations worked out by hand."""

from __future__ import annotations

import math

import pytest

from tests.search.algorithms.puzzle import solve

WORDS = {
    "": ["p", "q", "r"],
    **{x: [f"{x}1", f"{x}2"] for x in "pqr"},
    **{f"{x}{i}": [f"{x}{i}e."] for x in "pqr" for i in (1, 2)},
}
REWARDS = {"p": 0.1, "q": 0.1, "r": 0.9, **{f"{x}{i}": 0.1 for x in "pq" for i in (1, 2)}, "r1": 0.9, "r2": 0.1,
           **{f"{x}{i}e": 0.5 for x in "pqr" for i in (1, 2)}}  # fmt: skip
THREE = {"particles": 3, "horizon": 4}
# Odds 1/9, 1/9 and 9: weights 1/83, 1/83 and 81/83, an effective sample size of 83² / (81² + 2).
ESS = 83**2 / (81**2 + 2)


async def test_early_weights_of_one_overconfident_particle_are_flattened():
    run, _, _ = await solve("entropic_particle_filter", THREE, WORDS, REWARDS)
    first = run.payloads("resampled")[0]
    heat = (1 - 1 / 4) * 3 / ESS  # t = 1, T = 4
    assert heat == pytest.approx(2.1435, abs=1e-4)
    assert first["detail"]["plain_ess"] == pytest.approx(ESS)
    assert (first["detail"]["heat"], first["temperature"]) == pytest.approx((heat, heat))
    odds = [math.exp(math.log(x) / heat) for x in (1 / 9, 1 / 9, 9)]
    assert [p["weight"] for p in first["particles"]] == pytest.approx([x / sum(odds) for x in odds])
    assert first["detail"]["entropy"] == pytest.approx(-(2 * math.log(1 / 83) + 81 * math.log(81 / 83)) / 83)
    assert first["ess"] > first["detail"]["plain_ess"]


async def test_late_weights_and_even_weights_are_not():
    late, _, _ = await solve("entropic_particle_filter", {**THREE, "horizon": 2}, WORDS, REWARDS)
    assert [p["detail"]["heat"] for p in late.payloads("resampled")] == [1.0, 1.0, 1.0]  # t/T = 1/2 is not early
    even, _, _ = await solve("entropic_particle_filter", THREE, WORDS, {**REWARDS, "p": 0.8, "q": 0.8})
    assert even.payloads("resampled")[0]["detail"]["heat"] == 1.0


async def test_the_heat_never_cools_and_multiplies_the_reward_temperature():
    params = {**THREE, "annealing_threshold": 1.0, "reward_temperature": 2.0}
    run, _, _ = await solve("entropic_particle_filter", params, WORDS, {**REWARDS, "p": 0.9, "q": 0.88})
    first = run.payloads("resampled")[0]
    # ESS/N is 0.99…: (1 − 1/4) · N/ESS is below 1
    assert (first["detail"]["heat"], first["temperature"]) == (1.0, 2.0)


async def test_successors_modulate_the_weights_and_stay_out_of_the_tree():
    params = {**THREE, "annealing_threshold": 0.0, "lookahead": 2}
    run, _, _ = await solve("entropic_particle_filter", params, WORDS, {**REWARDS, "p1": 0.9, "p2": 0.5})
    first = run.payloads("resampled")[0]
    # Every look-ahead writes its first word (child 0 of the rollout's key): p1 = .9, q1 = .1, r1 = .9.
    assert dict(first["detail"]["lookahead"]) == pytest.approx({1: math.log(9), 2: -math.log(9), 3: math.log(9)})
    odds = [1 / 9 * 9, 1 / 9 / 9, 9 * 9]
    assert [p["weight"] for p in first["particles"]] == pytest.approx([x / sum(odds) for x in odds])
    ahead = [e.payload for e in run.events if e.kind == "generate" and e.payload["purpose"] == "rollout"]
    assert len(ahead[0]["samples"]) == 6
    assert all(sample["node"] is None for p in ahead for sample in p["samples"])


async def test_a_finished_particle_is_its_own_successor_and_the_last_weights_are_plain():
    words = {"": ["a.", "b"], "b": ["b1."]}
    rewards = {"a": 0.75, "b": 0.75, "b1": 0.5}
    params = {"particles": 2, "lookahead": 1, "annealing_threshold": 0.0}
    run, _, _ = await solve("entropic_particle_filter", params, words, rewards)
    first, *_, last = run.payloads("resampled")
    assert dict(first["detail"]["lookahead"]) == pytest.approx({1: math.log(3), 2: 0.0})
    assert [p["weight"] for p in first["particles"]] == pytest.approx([0.75, 0.25])  # odds 3·3 and 3·1
    assert (last["detail"]["lookahead"], last["detail"]["heat"], last["resampled"]) == ([], 1.0, False)
