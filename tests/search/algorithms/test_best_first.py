"""Best-first search on trees worked out by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from search.spec import RunSpec, field_errors
from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import Run, command

WORDS = {"": ["a", "b"], "a": ["c", "d"], "b": ["e.", "f"], "d": ["g.", "h."]}
REWARDS = {"a": 0.9, "b": 0.7, "c": 0.5, "d": 0.6, "e": 0.65, "f": 0.3, "g": 0.8, "h": 0.1}
TWO = {"proposals": 2}


def taken(run: Run) -> list[str]:
    return [texts(run, p["nodes"])[0] for p in run.payloads("selected")]


def queues(run: Run) -> list[list[tuple[str, float]]]:
    tree = run.outcome.tree
    return [[(tree[i].text, score) for i, score in p["detail"]["queue"]] for p in run.payloads("selected")]


async def test_the_most_promising_node_is_expanded_wherever_it_is():
    run, policy, _ = await solve("best_first", TWO, WORDS, REWARDS)
    # a looks best; its children disappoint, so b is next; its answer e (.65) comes before d (.6)
    assert taken(run) == ["a puzzle", "a", "b", "e"]
    assert queues(run) == [
        [],
        [("b", 0.7)],
        [("d", 0.6), ("c", 0.5)],
        [("d", 0.6), ("c", 0.5), ("f", 0.3)],
    ]
    assert [p["of"] for p in run.payloads("selected")] == [1, 2, 3, 4]
    assert (path(run), policy.calls) == (["b", "e"], 6)


async def test_more_answers_may_be_asked_for():
    run, _, _ = await solve("best_first", {**TWO, "answers": 2}, WORDS, REWARDS)
    assert taken(run) == ["a puzzle", "a", "b", "e", "d", "g"]
    assert path(run) == ["a", "d", "g"]


async def test_a_path_can_be_judged_by_all_its_steps():
    # by the lowest step: d is .6, e .65; g only .6 then, so e stays the answer
    run, _, _ = await solve("best_first", {**TWO, "answers": 2, "aggregation": "min"}, WORDS, REWARDS)
    assert path(run) == ["b", "e"]


# nats per token; every text has two tokens (its letter and its end), so a step costs twice that
LOGPROBS = {
    "a": -0.1,
    "b": -0.2,
    "c": -0.35,
    "d": -0.6,
    "e": -0.3,
    "f": -1.0,
    "g": -0.1,
    "h": -2.0,
    "i": -3.0,
    "j": -1.5,
}


@pytest.mark.parametrize(
    ("exponent", "order", "priorities"),
    [
        # sums: b (-.4) is before c (-.2 -.7) and d (-.2 -1.2); c is before e (-.4 -.6), which is before the rest
        (0.0, ["a", "b", "c", "e"], [-0.2, -0.4, -0.9, -1.0]),
        # per step: b (-.4), c (-.9 / 2), e (-1.0 / 2)
        (1.0, ["a", "b", "c", "e"], [-0.2, -0.4, -0.45, -0.5]),
        # by the square of the steps depth pays: c (-.9 / 4) and d (-1.4 / 4) are before b (-.4), then d's child g
        (2.0, ["a", "c", "d", "g"], [-0.2, -0.225, -0.35, -1.6 / 9]),
    ],
)
async def test_without_a_reward_the_length_normalised_log_probability_decides(exponent, order, priorities):
    words = {**WORDS, "c": ["i", "j"]}
    params = {**TWO, "priority": "logprob", "length_exponent": exponent}
    run, _, reward = await solve("best_first", params, words, logprobs=LOGPROBS)
    assert reward.calls == 0
    assert taken(run)[1:] == order
    assert [p["nodes"][0]["score"] for p in run.payloads("selected")][1:] == pytest.approx(priorities)


async def test_a_person_comes_first():
    words = {**WORDS, "mine": ["m.", "n."], "f": ["o.", "p."]}
    rewards = {**REWARDS, "mine": 0.05, "m": 0.9, "n": 0.1, "o": 0.2, "p": 0.1}
    # b is rewritten before anything is taken; the worthless-looking step goes first, b never
    probe, _, _ = await solve("best_first", TWO, words, rewards)
    at = next(e.seq for e in probe.events if e.kind == "budget" and probe.events[e.seq - 2].kind == "scored")
    run, _, _ = await solve("best_first", TWO, words, rewards, at={at: [command("edit", node=2, text="mine")]})
    assert taken(run) == ["a puzzle", "mine", "a", "m"]  # a and m tie at .9: the older first


def test_it_needs_a_reward_only_where_the_reward_decides():
    asked = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "best_first", "reward": None}
    assert RunSpec.model_validate({**asked, "params": {"priority": "logprob"}}).reward is None
    with pytest.raises(ValidationError) as caught:
        RunSpec.model_validate(asked)
    assert field_errors(caught.value)[0]["field"] == "reward"
