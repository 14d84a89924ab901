"""Monte Carlo tree search on trees worked out by hand."""

from __future__ import annotations

import math

import pytest

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward

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


async def test_the_exploration_rate_of_puct_grows_with_the_visits():
    run, _, _ = await solve("mcts", {**ONE, "rule": "puct", "simulations": 12}, WORDS, REWARDS)
    for walk in run.payloads("selected"):
        visits = 0
        for step in walk["detail"]["steps"]:
            child = run.outcome.tree[step["node"]]
            if not visits:  # the first step: the root's visits are the simulations before this one
                visits = run.payloads("selected").index(walk)
                rate = 1.25 + math.log((visits + 19653) / 19652)
                assert step["u"] == pytest.approx(rate * child.prior * math.sqrt(visits) / (1 + step["n"]))
    siblings = [run.outcome.tree[i].prior for i in (1, 2)]
    assert math.fsum(siblings) == pytest.approx(1)


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


async def test_a_batch_is_expanded_in_one_call_and_evaluated_in_another():
    run, policy, _ = await solve("mcts", {"expansion": 2, "batch": 2, "simulations": 4}, WORDS, REWARDS)
    # The root's first two simulations go to its two children. Then b (.6 + √ln 2 against .4 + √ln 2); with b's virtual
    # visit counted as lost a: .4 + √ln 3 = 1.45 against .6/2 + √(ln 3/2) = 1.04. Both are expanded: b1, a1.
    assert [p["calls"] for e in run.events if e.kind == "score" for p in [e.payload]] == [2, 2]
    assert [len(batch) for batch in policy.batches] == [2, 4]
    assert [run.outcome.tree[p["path"][0]].text for p in run.payloads("backed_up")] == ["a", "b", "b1", "a1"]
    second = run.payloads("selected")[3]["detail"]["steps"]
    assert second == [{"node": 1, "q": 0.4, "u": pytest.approx(math.sqrt(math.log(3))), "n": 1, "prior": None}]


@pytest.mark.parametrize(("virtual_loss", "leaves"), [(0, ["b1", "b2"]), (1, ["b1", "a1"])])
async def test_without_virtual_loss_a_batch_crowds_below_the_best_leaf(virtual_loss, leaves):
    params = {"expansion": 2, "batch": 2, "simulations": 4, "virtual_loss": virtual_loss}
    run, _, _ = await solve("mcts", params, WORDS, REWARDS)
    assert [run.outcome.tree[p["path"][0]].text for p in run.payloads("backed_up")][2:] == leaves


async def test_a_lone_end_is_not_evaluated_twice_in_one_batch():
    run, _, reward = await solve("mcts", {"expansion": 1, "batch": 8, "simulations": 3}, {"": ["a."]}, {"a": 0.5})
    assert [len(p["path"]) for p in run.payloads("backed_up")] == [2, 2, 2]  # one to a round
    assert (run.outcome.tree[1].visits, reward.calls) == (3, 1)


DEEP = {"": ["a", "b"], "a": ["a1", "a2"], "b": ["b1.", "b2."], "a1": ["a3.", "a4."], "a2": ["a5.", "a6."]}
DEEP_REWARDS = {
    "a": 0.2,
    "b": 0.2,
    "a1": 0.1,
    "b1": 0.9,
    "b2": 0.5,
    "a2": 0.3,
    "a3": 0.2,
    "a4": 0.2,
    "a5": 0.4,
    "a6": 0.4,
}


async def test_the_frontier_compares_all_leaves_at_once():
    params = {**ONE, "rule": "frontier", "depth": 0.0, "simulations": 9}
    run, _, _ = await solve("mcts", params, DEEP, DEEP_REWARDS)
    walks = [p for p in run.payloads("selected") if p["rule"] == "frontier"]
    # root; a and b tie at tanh(.2), the older goes first and gets a1 = .1: all is worth .15, and b is the oldest;
    # b1 = .9 makes the root worth .4, but a1 and a2 lie below a, which stays at .15; a3 = .2 takes a to 1/6.
    assert [texts(run, p["nodes"])[-1] for p in walks] == ["a puzzle", "a", "b", "a1", "a2"]
    scores = [0.0, 0.4 * math.tanh(0.2), 0.4 * math.tanh(0.15), 0.4 * math.tanh(0.15), 0.4 * math.tanh(0.5 / 3)]
    assert [p["nodes"][-1]["score"] for p in walks] == pytest.approx(scores)
    assert [run.outcome.tree[p["path"][0]].text for p in run.payloads("backed_up")] == ["a", "a1", "b1", "a3", "a5"]
    assert run.outcome.stopped_by == "completed"  # nothing is left to expand, though simulations are


async def test_the_frontiers_depth_bonus_goes_on_where_it_is_deepest():
    params = {**ONE, "rule": "frontier", "quality": 0.0, "depth": 1.0, "max_depth": 4, "simulations": 3}
    run, _, _ = await solve("mcts", params, DEEP, DEEP_REWARDS)
    walks = [p for p in run.payloads("selected") if p["rule"] == "frontier"]
    assert [texts(run, p["nodes"])[-1] for p in walks] == ["a puzzle", "a", "a1"]
    assert [p["nodes"][-1]["terms"]["depth"] for p in walks] == pytest.approx([0.0, math.sqrt(1 / 4), math.sqrt(2 / 4)])


def _entropy(node):
    return -math.fsum(node.logprobs) / len(node.logprobs)


@pytest.mark.parametrize("sign", [1, -1])
async def test_the_frontiers_entropy_bonus_seeks_or_shuns_uncertain_steps(sign):
    params = {**ONE, "rule": "frontier", "quality": 0.0, "depth": 0.0, "uncertainty": sign, "simulations": 5}
    run, _, _ = await solve("mcts", params, DEEP, DEEP_REWARDS, seed=3)
    tree, opened = run.outcome.tree, []
    chosen = [p["nodes"][-1]["node"] for p in run.payloads("selected") if p["rule"] == "frontier"]
    for index in chosen[1:]:
        added = [child for parent in chosen[: chosen.index(index)] for child in tree.children(tree[parent])]
        opened = [n for n in added if n.finish == "step" and n.index not in chosen[: chosen.index(index)]]
        assert tree[index] is max(opened, key=lambda node: sign * _entropy(node))
    assert len(opened) >= 1


async def test_the_newborn_whose_path_is_most_certain_is_evaluated():
    words = {"": ["a", "b", "c"], **{word: [f"{word}1.", f"{word}2.", f"{word}3."] for word in "abc"}}
    rewards = {word: 0.5 for words_below in words.values() for word in (w.removesuffix(".") for w in words_below)}
    run, _, _ = await solve(
        "mcts", {"batch": 1, "expansion": 3, "newborn": "certain", "simulations": 1}, words, rewards
    )
    tree = run.outcome.tree
    entropies = {node.index: _entropy(node) for node in tree.nodes[1:4]}
    ranking = run.payloads("selected")[1]
    assert ranking["rule"] == "lowest entropy"
    assert [e["node"] for e in ranking["nodes"]] == sorted(entropies, key=entropies.__getitem__)
    assert [e["score"] for e in ranking["nodes"]] == pytest.approx(sorted(entropies.values()))
    assert run.payloads("backed_up")[0]["path"] == [ranking["nodes"][0]["node"], 0]


@pytest.mark.parametrize(("aggregation", "value"), [("last", 0.9), ("min", 0.4), ("prod", 0.36), ("mean", 0.65)])
async def test_a_leafs_value_is_the_aggregate_of_its_paths_rewards(aggregation, value):
    params = {**ONE, "simulations": 4, "aggregation": aggregation, "exploration": 10.0}
    run, _, _ = await solve("mcts", params, WORDS, {**REWARDS, "b": 0.3})
    # a, b, then the better one is expanded: a, whose first child is a1
    assert [p["value"] for p in run.payloads("backed_up")][:3] == pytest.approx([0.4, 0.3, value])


async def test_a_rollouts_reward_is_the_leafs_value_and_the_rollout_stays_out_of_the_tree():
    run, policy, _ = await solve("mcts", {**ONE, "simulations": 1, "evaluation": "rollout"}, WORDS, REWARDS)
    rollout = [e.payload for e in run.events if e.kind == "generate" and e.payload["purpose"] == "rollout"]
    assert [sample["node"] for p in rollout for sample in p["samples"]] == [None]
    assert len(run.outcome.tree) == 3
    assert run.outcome.tree[1].value == REWARDS[rollout[0]["samples"][0]["text"]]
    assert policy.batches[-1][0].key == "0.0.r0.0"


async def test_several_rollouts_are_averaged():
    def write(steps, request):
        return ("a", False) if not steps else ("a1" if ".r0." in request.key else "a2", True)

    head = header("mcts", {**ONE, "simulations": 1, "evaluation": "rollout", "rollouts": 2}, problem="a puzzle")
    run = await play(head, policy=ScriptedPolicy(write), reward=ScriptedReward(lambda steps: REWARDS[steps[-1]]))
    assert run.outcome.tree[1].value == pytest.approx((0.9 + 0.5) / 2)


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
