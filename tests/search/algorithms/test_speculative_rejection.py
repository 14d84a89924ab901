"""Speculative rejection worked out by hand: one token per letter and one for the end of a step."""

from __future__ import annotations

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import header, play

WORDS = {"": ["aaa", "bbb", "ccc", "ddd"], "bbb": ["q."], "ddd": ["rrrr."]}
REWARDS = {"aaa": 0.1, "bbb": 0.9, "ccc": 0.5, "ddd": 0.7, "q": 0.6, "rr": 0.2, "rrrr": 0.95}


async def test_after_each_chunk_those_below_the_quantile_are_dropped():
    run, policy, reward = await solve("speculative_rejection", {"n": 4, "chunk": 3, "max_steps": 2}, WORDS, REWARDS)
    # Chunk 1: .1 .5 .7 .9, the median is .7. Chunk 2: q has finished, rr alone is under way. Chunk 3: rrrr ends.
    (lost,) = run.payloads("pruned")
    assert texts(run, lost["nodes"]) == ["aaa", "ccc"]
    assert (lost["rule"], lost["cutoff"], lost["of"]) == ("speculative rejection", 0.7, 2)
    assert [entry["score"] for entry in lost["nodes"]] == [0.1, 0.5]
    assert [entry["terms"] for entry in lost["nodes"]] == [{"chunk": 1, "tokens_saved": 128 - 3}] * 2
    assert lost["detail"] == {"chunk": 1, "tokens_saved": 250}
    kept = [(texts(run, p["nodes"]), p["cutoff"], p["of"], p["detail"]) for p in run.payloads("selected")]
    assert kept == [(["bbb", "ddd"], 0.7, 4, {"chunk": 1}), (["rr"], 0.2, 1, {"chunk": 2})]
    assert policy.rows == run.outcome.tree.counters.tokens == 4 * 3 + 2 * 3 + 3
    assert reward.calls == run.outcome.tree.counters.reward_calls == 4 + 2 + 1
    tree = run.outcome.tree
    assert tree.steps(tree[tree.chosen[-1]]) == ("ddd", "rrrr")
    assert path(run) == ["ddd", "", "rr", "rr"]  # a chunk, its step's end, a chunk, the rest
    assert [tree[i].reward for i in tree.chosen[1:]] == [0.7, 0.7, 0.2, 0.95]


async def test_ties_at_the_cutoff_stay():
    words = {"": ["aa.", "bb.", "cc.", "dd."]}
    rewards = {"a": 0.1, "b": 0.5, "c": 0.5, "d": 0.5, "bb": 0.2, "cc": 0.3, "dd": 0.4}
    run, _, _ = await solve("speculative_rejection", {"n": 4, "chunk": 1, "alpha": 0.75}, words, rewards)
    assert texts(run, run.payloads("pruned")[0]["nodes"]) == ["a"]


async def test_only_whole_steps_are_judged_if_so_asked():
    words = {"": ["aaa", "b", "c"], "aaa": ["x."], "b": ["yyyyy."], "c": ["zzzzz."]}
    rewards = {"aaa": 0.3, "b": 0.4, "c": 0.2, "x": 0.1, "yyyyy": 0.5, "zzzzz": 0.6}
    params = {"n": 3, "chunk": 3, "alpha": 0.5, "judge": "steps"}
    run, _, reward = await solve("speculative_rejection", params, words, rewards)
    # At token 3 the first path is in the middle of its first step: nothing to judge yet, so it stays.
    first = run.payloads("pruned")[0]
    assert texts(run, first["nodes"]) == ["z"]
    assert (first["cutoff"], first["nodes"][0]["score"]) == (0.4, 0.2)
    assert [entry["score"] for entry in run.payloads("selected")[0]["nodes"]] == [None, 0.4]
    assert run.outcome.tree.steps(run.outcome.tree[run.outcome.tree.chosen[-1]]) == ("b", "yyyyy")
    assert reward.calls == 2 + 1 + 1


async def test_without_rejection_it_is_best_of_n():
    chunks = await play(header("speculative_rejection", {"n": 5, "chunk": 7, "alpha": 0.0}))
    whole = await play(header("best_of_n", {"n": 5}))
    found = [sorted(run.outcome.tree.steps(node) for node in run.outcome.tree.candidates()) for run in (chunks, whole)]
    assert found[0] == found[1]
    assert len(found[0]) == 5
    assert chunks.outcome.answer == whole.outcome.answer
    assert chunks.outcome.tree.counters.tokens == whole.outcome.tree.counters.tokens
    rejecting = await play(header("speculative_rejection", {"n": 5, "chunk": 7}))
    saved = sum(payload["detail"]["tokens_saved"] for payload in rejecting.payloads("pruned"))
    really = whole.outcome.tree.counters.tokens - rejecting.outcome.tree.counters.tokens
    assert 0 < really <= saved
