"""A*-decoding on a tree worked out by hand."""

from __future__ import annotations

import pytest

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import Run

WORDS = {"": ["a", "b"], "a": ["c", "d"], "b": ["e.", "f"], "c": ["g.", "h."], "d": ["i.", "j."]}
REWARDS = {"a": 0.8, "b": 0.7, "c": 0.75, "d": 0.4, "e": 0.7, "f": 0.2, "g": 0.9, "h": 0.5, "i": 0.3, "j": 0.2}
LOGPROBS = {"a": -0.5, "b": -0.4, "c": -0.6, "d": -0.1, "e": -0.7, "f": -0.2, "g": -1.0, "h": -0.3, "i": -1, "j": -1}
TWO = {"proposals": 2}


def taken(run: Run) -> list[str]:
    return [texts(run, p["nodes"])[0] for p in run.payloads("selected") if p["rule"] == "a_star"]


def opened(run: Run) -> dict[str, dict[str, float]]:
    entries = [e for p in run.payloads("selected") if p["rule"] == "a_star_open" for e in p["nodes"]]
    return {texts(run, [entry])[0]: entry["terms"] for entry in entries}


async def test_f_is_what_the_path_cost_plus_what_the_reward_leaves_open():
    run, policy, reward = await solve("a_star", {**TWO, "cost_weight": 1.0}, WORDS, REWARDS, logprobs=LOGPROBS)
    # g adds the nats per token of the steps, h = 1 − reward: a .5 + .2, b .4 + .3: a tie, the older first.
    # c 1.1 + .25, d .6 + .6; b is next: e 1.1 + .3, f .6 + .8; d: i, j 1.6 + .7, .8; c: g 2.1 + .1, h 1.4 + .5; e.
    found = {name: (t["g"], t["h"], t["f"]) for name, t in opened(run).items()}
    assert found == {
        "a": pytest.approx((0.5, 0.2, 0.7)), "b": pytest.approx((0.4, 0.3, 0.7)),
        "c": pytest.approx((1.1, 0.25, 1.35)), "d": pytest.approx((0.6, 0.6, 1.2)),
        "e": pytest.approx((1.1, 0.3, 1.4)), "f": pytest.approx((0.6, 0.8, 1.4)),
        "i": pytest.approx((1.6, 0.7, 2.3)), "j": pytest.approx((1.6, 0.8, 2.4)),
        "g": pytest.approx((2.1, 0.1, 2.2)), "h": pytest.approx((1.4, 0.5, 1.9)),
    }  # fmt: skip
    assert taken(run) == ["a puzzle", "a", "b", "d", "c", "e"]
    assert path(run) == ["b", "e"]
    assert (policy.calls, reward.calls) == (10, 10)


async def test_the_open_and_the_closed_set_are_told_with_what_they_cost():
    run, _, _ = await solve("a_star", {**TWO, "cost_weight": 1.0}, WORDS, REWARDS, logprobs=LOGPROBS)
    tree = run.outcome.tree
    third = [p["detail"] for p in run.payloads("selected") if p["rule"] == "a_star"][2]
    assert [(tree[i].text, f) for i, f in third["open"]] == [("d", pytest.approx(1.2)), ("c", pytest.approx(1.35))]
    assert (third["open_size"], third["closed_size"]) == (2, 2)
    assert (third["tokens"], third["reward_calls"]) == (8, 4)  # four steps of a letter and its end, each scored


@pytest.mark.parametrize(
    ("params", "order", "found"),
    [
        # no weight on g: by reward alone
        ({"cost_weight": 0.0}, ["a puzzle", "a", "c", "g"], ["a", "c", "g"]),
        # a step costs 1 − its reward: a .2 + .2, b .3 + .3, c .45 + .25, d .8 + .6, e .6 + .3, f 1.1 + .8, g .55 + .1
        ({"cost_weight": 1.0, "edge_cost": "shortfall"}, ["a puzzle", "a", "b", "c", "g"], ["a", "c", "g"]),
        # every step costs .1: a .1 + .2, b .1 + .3, c .2 + .25, e .2 + .3, g .3 + .1
        ({"cost_weight": 0.1, "edge_cost": "step"}, ["a puzzle", "a", "b", "c", "g"], ["a", "c", "g"]),
    ],
)
async def test_what_a_step_costs_is_a_choice(params, order, found):
    run, _, _ = await solve("a_star", {**TWO, **params}, WORDS, REWARDS, logprobs=LOGPROBS)
    assert (taken(run), path(run)) == (order, found)
