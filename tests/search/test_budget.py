"""Reservations, counters and raised caps."""

from __future__ import annotations

import pytest

from search.budget import Budget, Caps, Counters, Grant
from tests.search.support.runs import header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, judge_countdown, play_countdown


def test_without_caps_everything_is_granted():
    assert Budget(Caps(), Counters()).reserve([2, 3], 64, nodes=1) == Grant((2, 3), 64, cut=False)


def test_short_tokens_grant_whole_steps_in_issue_order_and_then_one_that_is_cut():
    budget = Budget(Caps(tokens=100), Counters(tokens=50))
    assert budget.reserve([2], 25, nodes=1) == Grant((2,), 25, cut=False)
    assert budget.reserve([1, 2], 20, nodes=1) == Grant((1, 1), 20, cut=False)
    assert budget.reserve([2, 2], 64, nodes=1) == Grant((1, 0), 50, cut=True)


async def test_what_a_part_gives_back_serves_the_next():
    # four first steps of about 26 tokens fit into 130, though 4 × 64 are not there at once
    run = await play(header("beam", {"width": 2, "proposals": 2}, budget={"tokens": 130}))
    assert [[r["n"] for r in e.payload["requests"]] for e in run.events if e.kind == "generate"][:3] == [[2], [1], [1]]
    assert [node.finish for node in run.outcome.tree.nodes[1:5]] == ["step"] * 4


def test_calls_and_nodes_limit_the_samples_in_issue_order():
    assert Budget(Caps(policy_calls=5), Counters(policy_calls=2)).reserve([2, 2], 9, nodes=1) == Grant((2, 1), 9, False)
    assert Budget(Caps(nodes=4), Counters()).reserve([2, 2], 9, nodes=2) == Grant((2, 0), 9, False)
    assert Budget(Caps(nodes=2), Counters()).reserve([2], 9, nodes=2, grows=False) == Grant((2,), 9, False)


@pytest.mark.parametrize(
    ("caps", "cap"), [({"tokens": 7}, "tokens"), ({"policy_calls": 3}, "policy_calls"), ({"nodes": 4}, "nodes")]
)
def test_a_spent_cap_is_named(caps, cap):
    assert Budget(Caps(**caps), Counters(tokens=7, policy_calls=3)).reserve([1], 9, nodes=4) == cap


def test_a_budget_can_only_be_raised():
    caps = Caps(tokens=100, nodes=10)
    assert caps.raised({"tokens": 200, "nodes": None}) == Caps(tokens=200)
    for changes, complaint in [
        ({"tokens": 50}, "budget.tokens: a budget can only be raised"),
        ({"policy_calls": 5}, "budget.policy_calls: a budget can only be raised"),
        ({"tokens": 0}, "budget.tokens: give a positive number"),
        ({"tokens": "many"}, "budget.tokens: give a positive number"),
        ({"tokens": float("nan")}, "budget.tokens: give a positive number"),
        ({"tokens": 200.5}, "budget.tokens: give a whole number"),
        ({"wishes": 3}, "budget.wishes: there is no such cap"),
    ]:
        with pytest.raises(ValueError, match=complaint):
            caps.raised(changes)


async def test_every_counter_is_what_the_models_really_did():
    policy, reward = ScriptedPolicy(play_countdown), ScriptedReward(judge_countdown)
    run = await play(header("beam", {"width": 3, "proposals": 2}), policy=policy, reward=reward)
    counters = run.outcome.tree.counters
    assert (counters.tokens, counters.policy_calls, counters.reward_calls) == (policy.rows, policy.calls, reward.calls)
    assert counters.tokens == sum(node.tokens for node in run.outcome.tree.nodes) > 0
    assert run.payloads("budget")[-1]["nodes"] == len(run.outcome.tree)


async def test_a_sample_cut_by_the_budget_is_never_an_answer():
    full = await play(header("greedy"))
    tokens = full.outcome.tree.counters.tokens
    run = await play(header("greedy", budget={"tokens": tokens - 1}))
    assert run.outcome.tree.nodes[-1].finish == "budget"
    assert run.outcome.tree.nodes[-1].status == "terminal"
    assert run.outcome.node is None
    assert run.outcome.tree.counters.tokens == tokens - 1


async def test_a_step_cut_by_its_cap_is_never_an_answer():
    run = await play(header("greedy", max_step_tokens=5))
    assert [node.finish for node in run.outcome.tree.nodes] == [None, "length"]
    assert (run.outcome.state, run.outcome.stopped_by, run.outcome.node) == ("completed", "completed", None)


async def test_what_stopped_the_run_is_named():
    for cap, limit in {"tokens": 200, "policy_calls": 6, "reward_calls": 5, "nodes": 7}.items():
        run = await play(header("beam", {"width": 2, "proposals": 2}, budget={cap: limit}))
        assert (run.outcome.state, run.outcome.stopped_by, run.outcome.cap) == ("completed", "budget", cap)
        assert run.events[-1].payload["revision"] == 0
        spent = {**run.payloads("budget")[-1]}
        assert spent[cap] <= limit
