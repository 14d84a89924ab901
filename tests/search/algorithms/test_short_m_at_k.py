"""Short-m@k on races worked out by hand: one token per letter and one for the end of a step."""

from __future__ import annotations

import pytest

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import header, play

# Tokens: a 4 + 2 = 6, c 2 + 5 = 7, e 2 + 2 + 2 = 6, h 11.
RACE = {"": ["aaa", "c", "e", "hhhhhhhhhh."], "aaa": ["b."], "c": ["dddd."], "e": ["f"], "f": ["g."]}


async def test_first_finish_search_takes_the_shortest_path_and_aborts_the_rest():
    run, policy, _ = await solve("short_m_at_k", {"k": 4, "m": 1, "max_steps": 3}, RACE)
    assert path(run) == ["aaa", "b"]  # as short as e f g: the first of the two
    assert policy.rows == run.outcome.tree.counters.tokens == 4 * 6
    (lost,) = run.payloads("pruned")
    assert texts(run, lost["nodes"]) == ["dddd", "hhhhhh"]
    # dddd had 4 tokens of its second of three steps of 64; the h path 6 of its first
    assert [entry["terms"] for entry in lost["nodes"]] == [
        {"tokens": 6, "tokens_saved": 60 + 64},
        {"tokens": 6, "tokens_saved": 58 + 64 + 64},
    ]
    assert lost["detail"] == {"tokens_saved": 124 + 186, "aborted": 2}
    assert (lost["rule"], [entry["score"] for entry in lost["nodes"]]) == ("not among the first", [6.0, 6.0])
    (first,) = run.payloads("selected")
    assert (texts(run, first["nodes"]), first["nodes"][0]["score"], first["of"]) == (["b"], 6.0, 2)
    assert [node.finish for node in run.outcome.tree.nodes if node.status == "pruned"] == ["aborted"] * 2


# c y 4 tokens, aa x 5, bbb y 6, d 9
VOTE = {"": ["aa", "bbb", "c", "dddddddd."], "aa": ["x."], "bbb": ["y."], "c": ["y."]}


@pytest.mark.parametrize(
    ("m", "votes", "tokens"),
    [
        (1, [["y", 1.0, 1]], 4 * 4),
        (2, [["y", 1.0, 1], ["x", 1.0, 1]], 5 + 5 + 4 + 5),  # a tie goes to the shortest path, not to the first seen
        (3, [["y", 2.0, 2], ["x", 1.0, 1]], 5 + 6 + 4 + 6),
        (4, [["y", 2.0, 2], ["x", 1.0, 1], ["dddddddd", 1.0, 1]], 5 + 6 + 4 + 9),
    ],
)
async def test_the_first_m_vote(m, votes, tokens):
    run, policy, _ = await solve("short_m_at_k", {"k": 4, "m": m}, VOTE)
    assert run.events[-1].payload["votes"] == votes
    assert path(run) == ["c", "y"]
    assert policy.rows == tokens
    order = run.payloads("selected")[-1]
    assert [entry["score"] for entry in order["nodes"]] == [4.0, 5.0, 6.0, 9.0][:m]


async def test_a_chunk_changes_what_people_see_and_nothing_else():
    whole, _, _ = await solve("short_m_at_k", {"k": 4, "m": 2}, VOTE)
    cut, policy, _ = await solve("short_m_at_k", {"k": 4, "m": 2, "chunk": 2}, VOTE)
    trees = [run.outcome.tree for run in (whole, cut)]
    assert [[tree.steps(node) for node in tree.candidates()] for tree in trees] == [
        [("aa", "x"), ("c", "y")],
        [("c", "y"), ("aa", "x")],
    ]
    assert trees[0].counters.tokens == trees[1].counters.tokens
    assert path(cut) == ["c", "y"]
    assert len(policy.batches) == 3  # tokens 2, 4 and 5


async def test_the_race_is_run_on_the_very_paths_that_a_majority_vote_would_sample():
    race = await play(header("short_m_at_k", {"k": 6, "m": 2}))
    vote = await play(header("majority", {"n": 6}))
    sampled = {node.key: node for node in vote.outcome.tree.nodes}
    for node in race.outcome.tree.nodes[1:]:
        assert sampled[node.key].text.startswith(node.text)
        if node.finish != "aborted":
            assert sampled[node.key].text == node.text
    lengths = sorted(sum(n.tokens for n in vote.outcome.tree.path(leaf)) for leaf in vote.outcome.tree.candidates())
    assert race.outcome.tree.counters.tokens <= 6 * lengths[1] < vote.outcome.tree.counters.tokens


async def test_a_race_that_nobody_finishes_has_no_answer():
    run, policy, _ = await solve("short_m_at_k", {"k": 2, "m": 1, "max_steps": 1}, {"": ["a", "bb"]})
    assert (run.outcome.node, run.outcome.stopped_by, policy.rows) == (None, "completed", 5)
    assert run.payloads("pruned") == []
