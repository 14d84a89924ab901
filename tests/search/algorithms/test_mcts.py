"""Monte Carlo tree search on trees worked out by hand."""

from __future__ import annotations

import math

import pytest

from tests.search.algorithms.puzzle import path, solve, texts

WORDS = {"": ["a", "b"], "a": ["a1.", "a2."], "b": ["b1.", "b2."]}
REWARDS = {"a": 0.4, "b": 0.6, "a1": 0.9, "a2": 0.5, "b1": 0.2, "b2": 0.1}
ONE = {"batch": 1, "expansion": 2}


async def test_uct_selects_expands_evaluates_and_backs_up():
    run, policy, _ = await solve("mcts", {**ONE, "simulations": 5}, WORDS, REWARDS)
    # 1: the root is expanded, a is evaluated. 2: b is unvisited. 3: b beats a (.6 > .4), is expanded, b1 evaluated.
    # 4: a .4 + √(ln 3 / 1) beats b .4 + √(ln 3 / 2); expanded, a1 evaluated. 5: a is best, a2 is unvisited.
    backed_up = [run.outcome.tree[p["path"][0]].text for p in run.payloads("backed_up")]
    assert backed_up == ["a", "b", "b1", "a1", "a2"]
    found = {node.text: (node.visits, node.value) for node in run.outcome.tree.nodes if node.depth}
    assert found["a"] == (3, pytest.approx((0.4 + 0.9 + 0.5) / 3))
    assert found["b"] == (2, pytest.approx((0.6 + 0.2) / 2))
    assert (run.outcome.tree.root.visits, run.outcome.tree.root.value) == (5, pytest.approx(2.6 / 5))
    assert found["b2"] == (0, None)
    assert path(run) == ["a", "a1"]
    assert policy.calls == 6  # three expansions of two


async def test_the_walk_is_told_with_its_terms():
    run, _, _ = await solve("mcts", {**ONE, "simulations": 4}, WORDS, REWARDS)
    walk = run.payloads("selected")[3]
    assert (walk["rule"], texts(run, walk["nodes"])) == ("uct", ["a puzzle", "a"])
    assert walk["detail"]["steps"] == [
        {"node": 1, "q": pytest.approx(0.4), "u": pytest.approx(math.sqrt(math.log(3))), "n": 1, "prior": None}
    ]
    unvisited = run.payloads("selected")[1]["detail"]["steps"]
    assert unvisited == [{"node": 2, "q": 0.0, "u": None, "n": 0, "prior": None}]


async def test_max_backup_keeps_the_best_value_seen_below():
    run, _, _ = await solve("mcts", {**ONE, "simulations": 5, "backup": "max"}, WORDS, REWARDS)
    values = {node.text: node.value for node in run.outcome.tree.nodes if node.visits}
    assert values["a puzzle"] == max(values.values())


async def test_puct_follows_the_policys_prior():
    run, _, _ = await solve("mcts", {**ONE, "rule": "puct", "simulations": 2}, WORDS, REWARDS)
    tree = run.outcome.tree
    chances = [math.exp(tree[i].logprob / tree[i].tokens) for i in (1, 2)]
    priors = [chance / sum(chances) for chance in chances]
    assert [tree[1].prior, tree[2].prior] == pytest.approx(priors)
    first, second = run.payloads("selected")
    evaluated = tree[run.payloads("backed_up")[0]["path"][0]]
    assert evaluated.prior == max(priors)
    c = 1.25 + math.log((1 + 19652 + 1) / 19652)
    rated = {
        i: (tree[i].value or 0.0) * (tree[i] is evaluated) + c * tree[i].prior / (2 if tree[i] is evaluated else 1)
        for i in (1, 2)
    }
    step = second["detail"]["steps"][0]
    assert rated[step["node"]] == max(rated.values())
    n = 1 if tree[step["node"]] is evaluated else 0
    assert (step["n"], step["u"]) == (n, pytest.approx(c * tree[step["node"]].prior / (1 + n)))
    assert first["detail"]["steps"] == []


async def test_virtual_loss_spreads_a_batch_over_the_tree():
    run, _, _ = await solve("mcts", {"expansion": 2, "batch": 2, "simulations": 3}, WORDS, REWARDS)
    # the root alone first; then b (unvisited) and, b's visit counted as lost, a, which is expanded: a1
    assert [p["calls"] for e in run.events if e.kind == "score" for p in [e.payload]] == [1, 2]
    assert [run.outcome.tree[p["path"][0]].text for p in run.payloads("backed_up")] == ["a", "b", "a1"]


async def test_a_rollouts_reward_is_the_leafs_value_and_the_rollout_stays_out_of_the_tree():
    run, policy, _ = await solve("mcts", {**ONE, "simulations": 1, "evaluation": "rollout"}, WORDS, REWARDS)
    rollout = [e.payload for e in run.events if e.kind == "generate" and e.payload["purpose"] == "rollout"]
    assert [sample["node"] for p in rollout for sample in p["samples"]] == [None]
    assert len(run.outcome.tree) == 3
    assert run.outcome.tree[1].value == REWARDS[rollout[0]["samples"][0]["text"]]
    assert policy.batches[-1][0].key == "0.0.r0.0"


async def test_a_rollout_that_does_not_finish_is_worth_nothing():
    words = {"": ["a", "b"], "a": ["c"], "b": ["c"], "c": ["d"]}
    run, _, reward = await solve(
        "mcts", {**ONE, "simulations": 1, "evaluation": "rollout", "max_depth": 2}, words, {"d": 0.9}
    )
    assert (run.outcome.tree[1].value, reward.calls) == (0.0, 0)


@pytest.mark.parametrize(("final", "chosen"), [("value", "a1"), ("visits", "b1"), ("vote", "b1")])
async def test_the_answer_by_value_visits_or_vote(final, chosen):
    rewards = {"a": 0.1, "b": 0.9, "a1": 0.9, "a2": 0.0, "b1": 0.8, "b2": 0.1}
    run, _, _ = await solve("mcts", {**ONE, "simulations": 16, "final": final, "exploration": 0.7}, WORDS, rewards)
    visits = {node.text: node.visits for node in run.outcome.tree.nodes}
    assert visits["b1"] > visits["a1"] > 0
    assert path(run)[-1] == chosen


async def test_a_search_that_found_no_end_has_no_answer():
    run, _, _ = await solve("mcts", {**ONE, "simulations": 1}, WORDS, REWARDS)
    assert run.outcome.node is None
