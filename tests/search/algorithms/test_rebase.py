"""REBASE on trees worked out by hand."""

from __future__ import annotations

import math

import pytest

from tests.search.algorithms.puzzle import path, solve, texts

LN2, LN3 = math.log(2), math.log(3)
# Rewards in units of ln 2: at T = 1 the softmax of (2, 1, 0, 0) ln 2 is (4, 2, 1, 1) / 8.
WORDS = {
    "": ["a", "b", "c", "d"],
    "a": ["a1", "a2"],
    "b": ["answer: 10."],
    "c": ["c1"],
    "d": ["d1"],
    "a1": ["answer: 9."],
    "a2": ["answer:  9."],
    "c1": ["answer: 11."],
}
REWARDS = {
    "a": 2 * LN2, "b": LN2, "c": 0.0, "d": 0.0, "a1": LN2, "a2": LN2, "c1": 0.0, "d1": -LN2,
    "answer: 10": 0.3, "answer: 9": 0.2, "answer:  9": 0.05, "answer: 11": 0.0,
}  # fmt: skip


async def four() -> tuple:
    return await solve("rebase", {"width": 4, "balance": 1.0}, WORDS, REWARDS, problem="8 - 4 + 2 * 3")


async def test_children_are_shared_out_by_the_softmax_of_the_rewards():
    run, policy, _ = await four()
    kept = run.payloads("selected")[0]
    # depth 1: 4 · (4, 2, 1, 1) / 8 = 2, 1, ½, ½, and halves round up
    assert kept["detail"] == {"depth": 1, "budget": 4}
    assert texts(run, kept["nodes"]) == ["a", "b", "c", "d"]
    assert [e["terms"]["width"] for e in kept["nodes"]] == [2, 1, 1, 1]
    assert [e["terms"]["share"] for e in kept["nodes"]] == pytest.approx([1 / 2, 1 / 4, 1 / 8, 1 / 8])
    assert [e["score"] for e in kept["nodes"]] == pytest.approx([2, 1, 0.5, 0.5])
    assert [request.key.rsplit(".", 1)[0] for request in policy.batches[1]] == ["0.0", "0.0", "0.1", "0.2", "0.3"]


async def test_a_solution_that_ended_takes_one_from_the_budget_and_small_shares_get_nothing():
    run, _, _ = await four()
    second, (gone,) = run.payloads("selected")[1], run.payloads("pruned")
    # b's answer ended: 3 are left for a1, a2, c1, d1, whose weights are 2, 2, 1, ½ of 5½
    assert second["detail"] == gone["detail"] == {"depth": 2, "budget": 3}
    assert [(texts(run, [e])[0], e["terms"]["width"]) for e in second["nodes"]] == [("a1", 1), ("a2", 1), ("c1", 1)]
    assert [e["score"] for e in second["nodes"]] == pytest.approx([12 / 11, 12 / 11, 6 / 11])
    assert texts(run, gone["nodes"]) == ["d1"]
    assert gone["cutoff"] == 0.5
    assert [e["score"] for e in gone["nodes"]] == pytest.approx([3 / 11])


async def test_where_every_share_rounds_to_nothing_the_best_node_keeps_one_child():
    words = {
        "": ["a", "b", "c", "d", "e."], "a": ["a1", "a2."], "b": ["b1", "b2."], "c": ["c1"], "d": ["d1."], "b1": ["x."],
    }  # fmt: skip
    rewards = dict.fromkeys(["c", "d", "e", "a1", "a2", "b2", "c1", "d1", "x"], 0.0) | {"a": LN3, "b": LN3, "b1": 0.1}
    # depth 1: e ended, 4 are left; 4 · (3, 3, 1, 1) / 8 = 1½, 1½, ½, ½ → 2, 2, 1, 1: two more than the budget.
    # depth 2: a2, b2, d1 ended too, 1 is left for a1, b1, c1: about a third each.
    run, _, _ = await solve("rebase", {"width": 5, "balance": 1.0}, words, rewards)
    first, second = run.payloads("selected")
    assert [e["terms"]["width"] for e in first["nodes"]] == [2, 2, 1, 1]
    assert second["detail"] == {"depth": 2, "budget": 1}
    assert [(texts(run, [e])[0], e["terms"]["width"]) for e in second["nodes"]] == [("b1", 1)]
    assert texts(run, run.payloads("pruned")[0]["nodes"]) == ["a1", "c1"]


async def test_the_answers_vote_with_their_rewards_or_the_best_one_is_taken():
    run, _, _ = await four()
    # 10 has 0.3; 9 has 0.2 + 0.05; 11 has nothing
    assert run.events[-1].payload["votes"] == [["10", 0.3, 1], ["9", pytest.approx(0.25), 2], ["11", 0.0, 1]]
    words = {"": ["answer: 9.", "answer: 10.", "answer: 10 ."]}
    rewards = {"answer: 9": 0.5, "answer: 10": 0.3, "answer: 10 ": 0.4}
    vote, _, _ = await solve("rebase", {"width": 3}, words, rewards, problem="8 - 4 + 2 * 3")
    assert vote.outcome.answer == "10"
    best, _, _ = await solve("rebase", {"width": 3, "final": "best"}, words, rewards, problem="8 - 4 + 2 * 3")
    assert path(best) == ["answer: 9"]
