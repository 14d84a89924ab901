"""LiteSearch on trees worked out by hand."""

from __future__ import annotations

import pytest

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import Run

WORDS = {"": ["a", "b", "c"], "a": ["d", "e."], "b": ["f.", "g", "h"], "d": ["i.", "j."]}
REWARDS = {"a": 0.7, "b": 0.6, "c": 0.2, "d": 0.5, "e": 0.4, "f": 0.65, "g": 0.1, "h": 0.3, "i": 0.9, "j": 0.2}


def taken(run: Run) -> list[tuple[str, int]]:
    """(step, its budget b) in the order they were expanded."""
    return [(texts(run, p["nodes"])[0], p["nodes"][0]["terms"]["b"]) for p in run.payloads("selected")]


@pytest.mark.parametrize(
    ("value", "expected", "b"),
    [
        (0.7, 0.9, 2),  # 1 − .3² = .91
        (0.6, 0.9, 3),  # 1 − .4² = .84, 1 − .4³ = .936
        (0.5, 0.9, 4),  # 1 − .5⁴ = .9375
        (0.5, 0.5, 1),
        (0.3, 0.9, 7),  # 1 − .7⁷ = .918
        (0.05, 0.9, 10),  # 45 would be needed
        (0.0, 0.9, 10),
        (1.0, 0.9, 1),
    ],
)
async def test_a_nodes_value_says_how_many_children_it_deserves(value, expected, b):
    words = {"": ["a"], "a": [f"{letter}." for letter in "bcdefghijk"]}
    params = {"expected": expected, "least": 1, "most": 10, "answers": 100, "enough": 1.0, "discount": False}
    rewards = {"a": value, **dict.fromkeys("bcdefghijk", 0.01)}
    run, policy, _ = await solve("lite_search", {**params, "expansions": 2}, words, rewards)
    # ten children of the root are the same "a": the first of them is taken
    assert taken(run) == [("a puzzle", 10), ("a", b)]
    assert len(run.outcome.tree[1].children) == b
    assert policy.calls == 10 + b


async def test_the_most_valuable_node_is_expanded_until_an_answer_is_the_most_valuable():
    params = {"most": 3, "discount": False, "enough": 0.95}
    run, policy, _ = await solve("lite_search", params, WORDS, REWARDS)
    # a (.7 → 2 children), b (.6 → 3), then the answer f (.65) beats d (.5): done
    assert taken(run) == [("a puzzle", 3), ("a", 2), ("b", 3), ("f", 3)]
    assert path(run) == ["b", "f"]
    # a node's first child is the policy's favourite, decoded greedily in a call of its own
    assert [(len(batch), batch[0].sampling.temperature) for batch in policy.batches] == [
        (1, 0.0), (2, 0.8), (1, 0.0), (1, 0.8), (1, 0.0), (2, 0.8),
    ]  # fmt: skip


async def test_one_child_at_a_time_a_node_is_left_as_soon_as_another_is_better():
    params = {"most": 3, "discount": False, "enough": 0.6, "expansion": "incremental", "expansions": 50}
    run, policy, _ = await solve("lite_search", params, WORDS, REWARDS)
    # the root has no value: its first child a (.7) goes before it, and both of a's children; then d (.5) and i
    assert [name for name, _ in taken(run)] == ["a puzzle", "a", "a", "d"]
    assert (path(run), policy.calls) == (["a", "d", "i"], 4)


async def test_depth_divides_the_budget_down_to_the_least():
    words = {"": ["a"], "a": ["b"], "b": ["c"], "c": ["d."]}
    params = {"most": 10, "least": 2, "enough": 1.0, "expansions": 4}
    run, _, _ = await solve("lite_search", params, words, {"a": 0.3, "b": 0.35, "c": 0.4, "d": 0.1})
    # 7 / 1; 6 / 2, as .65⁶ = .075; 5 / 3 = 1.67, as .6⁵ = .078
    assert taken(run) == [("a puzzle", 10), ("a", 7), ("b", 3), ("c", 2)]


async def test_a_good_answer_or_many_answers_end_it():
    good, policy, _ = await solve("lite_search", {"most": 2}, {"": ["a.", "b."]}, {"a": 0.81, "b": 0.1})
    assert (path(good), policy.calls) == (["a"], 2)
    words = {"": ["a.", "b.", "c"], "c": ["d.", "e."]}
    rewards = {"a": 0.1, "b": 0.2, "c": 0.5, "d": 0.3, "e": 0.3}
    many, policy, _ = await solve("lite_search", {"most": 3, "answers": 2}, words, rewards)
    assert (path(many), policy.calls) == (["b"], 3)
