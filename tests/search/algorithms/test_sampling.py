"""Greedy, best of N and majority on trees worked out by hand."""

from __future__ import annotations

import pytest

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import header, play
from tests.search.support.scripted import ScriptedPolicy

THREE = {"": ["a", "b", "c"], "a": ["x."], "b": ["y."], "c": ["z."]}
REWARDS = {"a": 0.9, "x": 0.3, "b": 0.5, "y": 0.5, "c": 0.4, "z": 0.8}


async def test_greedy_takes_the_most_probable_token_of_one_path():
    run, policy, reward = await solve(
        "greedy", {}, {"": ["a"], "a": ["b"], "b": ["c."]}, {"a": 0.1, "b": 0.2, "c": 0.3}
    )
    assert path(run) == ["a", "b", "c"]
    assert [request.sampling.temperature for batch in policy.batches for request in batch] == [0.0, 0.0, 0.0]
    assert [node.reward for node in run.outcome.tree.nodes] == [None, 0.1, 0.2, 0.3]
    assert reward.calls == 1


async def test_greedy_needs_no_reward():
    run, _, reward = await solve("greedy", {}, {"": ["a."]})
    assert (path(run), reward.calls) == (["a"], 0)


async def test_greedy_stops_at_its_longest_path():
    run, policy, _ = await solve("greedy", {"max_steps": 2}, {"": ["a"], "a": ["b"], "b": ["c."]})
    assert (run.outcome.node, policy.calls) == (None, 2)


@pytest.mark.parametrize(
    ("aggregation", "chosen", "scores"),
    [
        ("last", ["c", "z"], {"x": 0.3, "y": 0.5, "z": 0.8}),
        ("min", ["b", "y"], {"x": 0.3, "y": 0.5, "z": 0.4}),
        ("prod", ["c", "z"], {"x": 0.27, "y": 0.25, "z": 0.32}),
        ("mean", ["a", "x"], {"x": 0.6, "y": 0.5, "z": 0.6}),  # a tie: the first
        ("max", ["a", "x"], {"x": 0.9, "y": 0.5, "z": 0.8}),
    ],
)
async def test_best_of_n_ranks_by_the_aggregate_over_steps(aggregation, chosen, scores):
    run, _, reward = await solve("best_of_n", {"n": 3, "aggregation": aggregation}, THREE, REWARDS)
    assert path(run) == chosen
    ranking = run.payloads("selected")[-1]
    assert dict(
        zip(texts(run, ranking["nodes"]), [e["score"] for e in ranking["nodes"]], strict=True)
    ) == pytest.approx(scores)
    assert reward.calls == 3  # one call per finished path scores all its steps


async def test_paths_of_different_lengths_finish_each_in_its_time():
    run, policy, _ = await solve("best_of_n", {"n": 2}, {"": ["a.", "b"], "b": ["c."]}, {"a": 0.2, "b": 0.9, "c": 0.1})
    assert path(run) == ["a"]
    assert [len(batch) for batch in policy.batches] == [2, 1]


def answering(*answers: int) -> ScriptedPolicy:
    """Sample i answers answers[i]."""
    return ScriptedPolicy(lambda steps, request: (f"answer: {answers[int(request.key.split('.')[1])]}", True))


async def test_the_commonest_answer_wins_and_correctness_is_not_asked():
    head = header("majority", {"n": 5}, problem="8 - 4 + 2 * 3", reward=False)
    run = await play(head, policy=answering(9, 10, 9, 10, 9))
    assert (run.outcome.answer, run.outcome.correct) == ("9", False)
    assert run.events[-1].payload["votes"] == [["9", 0.0, 3], ["10", 0.0, 2]]


async def test_a_tie_goes_to_the_higher_summed_reward_and_then_to_the_first_seen():
    from tests.search.support.scripted import ScriptedReward

    head = header("majority", {"n": 4}, problem="8 - 4 + 2 * 3")
    run = await play(
        head,
        policy=answering(9, 10, 10, 9),
        reward=ScriptedReward(lambda steps: {"answer: 9": 0.25, "answer: 10": 0.5}[steps[-1]]),
    )
    assert run.outcome.answer == "10"
    assert run.events[-1].payload["votes"] == [["10", 1.0, 2], ["9", 0.5, 2]]
    unscored = await play({**head, "reward": None}, policy=answering(9, 10, 10, 9))
    assert unscored.outcome.answer == "9"


# Three paths of two steps; the middle two agree. Rewards by step text.
VOTERS = {"": ["a", "b", "c"], "a": ["answer: 9."], "b": ["answer: 10 ."], "c": ["answer: 10."]}


@pytest.mark.parametrize(
    ("aggregation", "answer", "votes"),
    [
        # last: 9 has 0.9; 10 has 0.2 + 0.5
        ("last", "9", [["9", 0.9, 1], ["10", 0.7, 2]]),
        # min: 9 has min(0.3, 0.9); 10 has min(0.4, 0.2) + min(0.8, 0.5)
        ("min", "10", [["10", 0.7, 2], ["9", 0.3, 1]]),
        # prod: 9 has 0.3 x 0.9; 10 has 0.4 x 0.2 + 0.8 x 0.5
        ("prod", "10", [["10", 0.48, 2], ["9", 0.27, 1]]),
        # mean: 9 has 1.2 / 2; 10 has 0.6 / 2 + 1.3 / 2
        ("mean", "10", [["10", 0.95, 2], ["9", 0.6, 1]]),
        # max: 9 has 0.9; 10 has 0.4 + 0.8
        ("max", "10", [["10", 1.2, 2], ["9", 0.9, 1]]),
    ],
)
async def test_every_path_votes_with_its_aggregated_reward(aggregation, answer, votes):
    rewards = {"a": 0.3, "answer: 9": 0.9, "b": 0.4, "answer: 10 ": 0.2, "c": 0.8, "answer: 10": 0.5}
    run, _, reward = await solve(
        "weighted_majority", {"n": 3, "aggregation": aggregation}, VOTERS, rewards, problem="8 - 4 + 2 * 3"
    )
    assert (run.outcome.answer, run.outcome.correct) == (answer, answer == "10")
    assert [[a, pytest.approx(w), n] for a, w, n in run.events[-1].payload["votes"]] == votes
    assert reward.calls == 3


async def test_the_heaviest_path_speaks_for_the_winning_answer_and_a_tie_goes_to_the_first_seen():
    rewards = {"a": 0.1, "answer: 9": 0.75, "b": 0.1, "answer: 10 ": 0.25, "c": 0.1, "answer: 10": 0.5}
    run, _, _ = await solve("weighted_majority", {"n": 3}, VOTERS, rewards, problem="8 - 4 + 2 * 3")
    assert path(run) == ["a", "answer: 9"]
    heavier = await solve(
        "weighted_majority", {"n": 3}, VOTERS, {**rewards, "answer: 10": 0.6}, problem="8 - 4 + 2 * 3"
    )
    assert path(heavier[0]) == ["c", "answer: 10"]
