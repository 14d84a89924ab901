"""Every selection rule on pools whose votes were worked out by hand."""

from __future__ import annotations

import math

import pytest

from search.selection import RULES, Settings
from search.selection.majority import first_finished, shortest_majority, weighted_majority
from search.selection.rpc import rpc
from search.selection.self_certainty import self_certainty
from search.tree import Node
from tests.search.selection.pool import Step, leaves, pool


def test_the_path_that_weighs_most_speaks_for_the_winning_answer():
    tree = pool(
        ("7", [Step(reward=0.9), Step(reward=0.5)]),  # product 0.45, last 0.5
        ("7", [Step(reward=0.4), Step(reward=0.8)]),  # product 0.32, last 0.8
    )
    assert weighted_majority(tree, "last").answer.node == leaves(tree)[1]
    assert weighted_majority(tree, "prod").answer.node == leaves(tree)[0]


# -- self-certainty ----------------------------------------------------------------------------------------------------

# Certainties over tokens: (2 * 1 + 1 * 4) / 3 = 2, 3, 1 and 2.5; so the ranks are 3, 1, 4 and 2.
CERTAIN = (
    ("9", [Step(tokens=2, certainty=1.0), Step(tokens=1, certainty=4.0)]),
    ("10", [Step(tokens=5, certainty=3.0)]),
    ("10", [Step(tokens=5, certainty=1.0)]),
    ("9", [Step(tokens=5, certainty=2.5)]),
)


@pytest.mark.parametrize(
    ("power", "votes", "speaks"),
    [
        (0.0, [["9", 2.0, 2], ["10", 2.0, 2]], 0),  # all votes alike: the majority vote, a tie goes to the first seen
        (1.0, [["9", 3.0 + 2.0, 2], ["10", 4.0 + 1.0, 2]], 3),  # 4, 3, 2, 1 votes by rank: a tie again
        (2.0, [["10", 16.0 + 1.0, 2], ["9", 9.0 + 4.0, 2]], 1),
        (0.5, [["9", 3.146264, 2], ["10", 3.0, 2]], 3),  # sqrt 3 + sqrt 2 against 2 + 1
    ],
)
def test_ranks_by_certainty_cast_borda_votes(power, votes, speaks):
    tree = pool(*CERTAIN)
    selection = self_certainty(tree, power)
    assert [[a, pytest.approx(w, abs=1e-6), n] for a, w, n in selection.answer.votes] == votes
    assert selection.answer.node == leaves(tree)[speaks]
    assert [(node.index, score) for node, score in selection.paths] == [
        (leaves(tree)[i], pytest.approx(certainty)) for i, certainty in ((1, 3.0), (3, 2.5), (0, 2.0), (2, 1.0))
    ]


def test_a_path_without_an_answer_keeps_its_rank_and_one_without_certainty_comes_last():
    tree = pool(
        ("9", [Step(certainty=1.0)]),
        (None, [Step(certainty=2.0)]),
        ("10", [Step()]),  # a person wrote it
    )
    selection = self_certainty(tree, 1.0)
    assert selection.answer.votes == [["9", 2.0, 1], ["10", 1.0, 1]]
    assert selection.detail["votes"] == [[2, 3.0], [1, 2.0], [3, 1.0]]


def test_a_persons_step_does_not_dilute_the_certainty_of_the_rest():
    tree = pool(("9", [Step(tokens=0), Step(tokens=4, certainty=1.5)]))
    assert self_certainty(tree).paths == [(tree[2], 1.5)]


# -- shortest majority -------------------------------------------------------------------------------------------------


def test_votes_are_divided_by_the_log_of_the_mean_length():
    tree = pool(
        ("9", [Step(tokens=4), Step(tokens=6)]),  # 10 tokens
        ("10", [Step(tokens=4)]),
        ("9", [Step(tokens=30)]),  # mean length of the two: 20
    )
    selection = shortest_majority(tree)
    # 1 / ln 4 = 0.721348 beats 2 / ln 20 = 0.667616
    assert [[a, pytest.approx(w, abs=1e-6), n] for a, w, n in selection.answer.votes] == [
        ["10", 0.721348, 1],
        ["9", 0.667616, 2],
    ]
    assert selection.detail["ballots"] == [
        {"answer": "9", "votes": 2, "mean_length": 20.0},
        {"answer": "10", "votes": 1, "mean_length": 4.0},
    ]
    assert [(node.index, length) for node, length in selection.paths] == [
        (leaves(tree)[1], 4.0),
        (leaves(tree)[0], 10.0),
        (leaves(tree)[2], 30.0),
    ]


def test_the_shortest_path_speaks_for_its_answer():
    tree = pool(("9", [Step(tokens=8)]), ("9", [Step(tokens=3)]), ("9", [Step(tokens=3)]))
    assert shortest_majority(tree).answer.node == leaves(tree)[1]


def test_a_path_that_a_person_wrote_counts_as_two_tokens_long():
    tree = pool(("9", [Step(tokens=8)]), ("9", [Step(tokens=3)]), ("10", [Step(tokens=0)]))
    # 1 / ln 2 = 1.442695 against 2 / ln 5.5 = 1.173194
    assert [[a, pytest.approx(w, abs=1e-6), n] for a, w, n in shortest_majority(tree).answer.votes] == [
        ["10", 1.442695, 1],
        ["9", 1.173194, 2],
    ]


def test_the_first_m_vote_and_a_tie_goes_to_the_shortest():
    tree = pool(
        *[(answer, [Step(tokens=tokens)]) for answer, tokens in (("9", 7), ("10", 5), ("9", 7), ("9", 6), ("8", 9))]
    )
    # in order of their ends: 10 after 5, 9 after 6, 9 and 9 after 7, 8 after 9 tokens
    for m, votes in ((1, [["10", 1.0, 1]]), (2, [["10", 1.0, 1], ["9", 1.0, 1]]), (3, [["9", 2.0, 2], ["10", 1.0, 1]])):
        selection = first_finished(tree, m)
        assert selection.answer.votes == votes
        assert [length for _, length in selection.paths] == [5.0, 6.0, 7.0][:m]
    assert first_finished(tree, 3).paths[-1][0].index == leaves(tree)[0]  # of the two after 7 tokens the older
    assert first_finished(tree, 3).answer.node == leaves(tree)[3]


# -- RPC ---------------------------------------------------------------------------------------------------------------


def test_an_answer_weighs_the_probability_of_its_distinct_paths():
    tree = pool(
        ("9", [Step(probability=0.4, text="a"), Step(probability=0.5, text="b")]),  # 0.2
        ("9", [Step(probability=0.4, text="a"), Step(probability=0.5, text="b")]),  # the same path again
        ("9", [Step(probability=0.1)]),
        ("10", [Step(probability=0.35)]),
    )
    selection = rpc(tree)
    # 0.35 against 0.2 + 0.1, of 0.65 in all; too few paths to prune any
    assert [[a, pytest.approx(w), n] for a, w, n in selection.answer.votes] == [
        ["10", 0.35 / 0.65, 1],
        ["9", 0.3 / 0.65, 2],
    ]
    assert selection.detail == {"probability": "path", "pruned": [], "mixture": None}
    assert [(node.index, p) for node, p in selection.paths] == [
        (leaves(tree)[3], pytest.approx(0.35)),
        (leaves(tree)[0], pytest.approx(0.2)),
        (leaves(tree)[2], pytest.approx(0.1)),
    ]


def test_by_mean_token_a_long_path_is_not_at_a_disadvantage():
    tree = pool(("9", [Step(tokens=4, probability=0.4096)]), ("10", [Step(tokens=1, probability=0.5)]))
    assert rpc(tree, "path").answer.votes[0][0] == "10"
    by_token = rpc(tree, "token")  # 0.8 a token against 0.5
    assert [[a, pytest.approx(w), n] for a, w, n in by_token.answer.votes] == [
        ["9", 0.8 / 1.3, 1],
        ["10", 0.5 / 1.3, 1],
    ]


HIGH, LOW = [0.10, 0.11, 0.12, 0.13], [0.001, 0.0012, 0.0008, 0.0011, 0.0009, 0.004]


def test_the_low_component_is_pruned_before_the_sum():
    tree = pool(*[("9", [Step(probability=p)]) for p in LOW], *[("10", [Step(probability=p)]) for p in HIGH])
    selection = rpc(tree)
    assert [entry["node"] for entry in selection.detail["pruned"]] == leaves(tree)[:6]
    assert [entry["probability"] for entry in selection.detail["pruned"]] == pytest.approx(LOW)
    assert selection.answer.votes == [["10", pytest.approx(1.0), 4]]
    assert selection.answer.node == leaves(tree)[9]
    mixture = selection.detail["mixture"]
    # the maximum that scipy 1.17.1 finds (L-BFGS-B on the five parameters, the share within [0.2, 0.8])
    assert mixture["high"] == pytest.approx({"share": 0.4, "shape": 11.75599, "scale": 0.1200998}, rel=1e-4)
    assert mixture["low"] == pytest.approx({"share": 0.6, "shape": 1.535072, "scale": 0.001691051}, rel=1e-4)


def test_probabilities_of_long_texts_do_not_underflow():
    tree = pool(*[("9", [Step(tokens=2000)]) for _ in LOW], *[("10", [Step(tokens=2000)]) for _ in HIGH])
    for index, probability in zip(leaves(tree), [*LOW, *HIGH], strict=True):
        tree[index].logprob = math.log(probability) - 3000.0
    selection = rpc(tree)
    assert [entry["node"] for entry in selection.detail["pruned"]] == leaves(tree)[:6]
    assert selection.answer.votes == [["10", pytest.approx(1.0), 4]]


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
def test_nobody_finished(name):
    selection = RULES[name].apply(pool(), Settings())
    assert (selection.answer.node, selection.paths) == (None, [])


@pytest.mark.parametrize("name", RULES)
def test_a_pruned_path_does_not_count_and_the_truth_is_not_asked(name):
    voters = [("9", [Step(tokens=3, probability=0.2, certainty=1.0, reward=0.2)])] * 2
    tree = pool(
        ("10", [Step(tokens=2, probability=0.9, certainty=9.0, reward=0.9)]), *voters, correct=[True, False, False]
    )
    tree[leaves(tree)[0]].status = "pruned"
    node = RULES[name].apply(tree, Settings()).answer.node
    assert isinstance(node, int)
    assert isinstance(tree[node], Node)
    assert tree[node].answer == "9"
