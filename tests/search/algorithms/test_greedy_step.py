"""Greedy step search on a tree worked out by hand."""

from __future__ import annotations

from tests.search.algorithms.puzzle import path, solve, texts

WORDS = {"": ["a", "b", "c"], "b": ["b1", "b2", "b3."], "b1": ["x.", "y.", "z."]}
REWARDS = {"a": 0.8, "b": 0.9, "c": 0.1, "b1": 0.7, "b2": 0.6, "b3": 0.65, "x": 0.2, "y": 0.3, "z": 0.25}


async def test_the_best_of_m_is_taken_and_its_siblings_are_not():
    run, policy, reward = await solve("greedy_step", {"proposals": 3}, WORDS, REWARDS)
    assert [texts(run, p["nodes"]) for p in run.payloads("selected")] == [["b"], ["b1"], ["y"]]
    assert [texts(run, p["nodes"]) for p in run.payloads("pruned")] == [["a", "c"], ["b3", "b2"], ["z", "x"]]
    assert [p["cutoff"] for p in run.payloads("pruned")] == [0.9, 0.7, 0.3]
    assert path(run) == ["b", "b1", "y"]
    assert (policy.calls, reward.calls) == (9, 9)


async def test_it_stops_at_its_longest_path():
    run, policy, _ = await solve("greedy_step", {"proposals": 3, "max_steps": 2}, WORDS, REWARDS)
    assert (run.outcome.node, policy.calls) == (None, 6)
