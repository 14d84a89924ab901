"""Aggregation of step scores, and votes."""

from __future__ import annotations

import pytest

from search.aggregation import aggregate, path_reward
from search.tree import Node, Tree
from search.voting import ballots, elect


def leaf(index: int, canonical: str | None, reward: float | None = None, text: str = "") -> Node:
    return Node(index, (0,), 1, "answer", f"0.{index}", text, finish="end", reward=reward,
                canonical=canonical, answer=canonical)  # fmt: skip


@pytest.mark.parametrize(("how", "value"), [("last", 0.5), ("min", 0.2), ("prod", 0.08), ("mean", 0.5), ("max", 0.8)])
def test_step_scores_aggregate(how, value):
    assert aggregate([0.8, 0.2, 0.5], how) == pytest.approx(value)


def test_a_paths_score_skips_steps_without_a_reward_and_the_root():
    root, first = Node(0, (), 0, "root", "0", "p"), Node(1, (0,), 1, "step", "0.0", "a", reward=0.5)
    person, last = Node(2, (1,), 2, "human", "0.0.h0", "b"), Node(3, (2,), 3, "answer", "0.0.h0.0", "c", reward=0.4)
    tree = Tree(nodes=[root, first, person, last])
    assert path_reward(tree, tree[3], "prod") == pytest.approx(0.2)
    assert path_reward(tree, tree[0], "prod") is None


def test_votes_group_by_canonical_answer_and_the_best_rewarded_path_speaks_for_it():
    candidates = [leaf(1, "24", 0.3), leaf(2, "25", 0.9), leaf(3, "24", 0.5), leaf(4, None, 0.99)]
    counted = ballots(candidates, [node.reward or 0.0 for node in candidates])
    assert [(b.answer, b.count, b.first.index, b.best.index) for b in counted] == [("24", 2, 1, 3), ("25", 1, 2, 2)]
    assert elect(counted, "majority").votes == [["24", pytest.approx(0.8), 2], ["25", 0.9, 1]]


def test_without_a_verifier_the_last_step_is_the_answer():
    counted = ballots([leaf(1, None, text="x = 3"), leaf(2, None, text=" x = 3 ")], [0.0, 0.0])
    assert [(b.answer, b.count) for b in counted] == [("x = 3", 2)]


def test_nobody_voted():
    assert elect(ballots([], []), "majority").node is None
