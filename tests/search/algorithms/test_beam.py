"""Beam search on trees worked out by hand."""

from __future__ import annotations

from tests.search.algorithms.puzzle import path, solve, texts

WORDS = {"": ["a", "b", "c", "d"], "b": ["b1", "b2."], "d": ["d1", "d2"], "d1": ["d11.", "d12."]}
REWARDS = {"a": 0.1, "b": 0.9, "c": 0.5, "d": 0.7, "b1": 0.2, "b2": 0.6, "d1": 0.65, "d2": 0.3, "d11": 0.5, "d12": 0.55}


async def test_the_best_b_of_b_times_m_survive_and_finished_beams_keep_their_slot():
    run, policy, _ = await solve("beam", {"width": 2, "proposals": 2}, WORDS, REWARDS)
    kept, lost = run.payloads("selected"), run.payloads("pruned")
    assert [texts(run, p["nodes"]) for p in kept] == [["b", "d"], ["d1", "b2"], ["b2", "d12"]]
    assert [texts(run, p["nodes"]) for p in lost] == [["c", "a"], ["d2", "b1"], ["d11"]]
    assert [p["cutoff"] for p in kept] == [p["cutoff"] for p in lost] == [0.7, 0.6, 0.55]
    assert [p["of"] for p in lost] == [4, 4, 3]
    assert [e["rank"] for p in lost for e in p["nodes"]] == [3, 4, 3, 4, 3]
    # the first level is seeded with B·M candidates, the last asks the one open beam only
    assert [len(batch) for batch in policy.batches] == [4, 4, 2]
    assert path(run) == ["b", "b2"]
    assert run.events[-1].payload["rule"] == "highest reward"


async def test_every_loser_knows_why():
    run, _, _ = await solve("beam", {"width": 2, "proposals": 2}, WORDS, REWARDS)
    loser = next(node for node in run.outcome.tree.nodes if node.text == "c")
    seq = next(event.seq for event in run.events if event.kind == "pruned")
    assert loser.decision == {"outcome": "pruned", "rule": "beam", "score": 0.5, "cutoff": 0.7, "rank": 3, "of": 4,
                              "by": None, "seq": seq}  # fmt: skip


async def test_a_lookahead_is_used_for_scoring():
    words = {"": ["a", "b"], "a": ["x."], "b": ["y."]}
    rewards = {"a": 0.9, "b": 0.2, "x": 0.1, "y": 0.8}
    near, _, _ = await solve("beam", {"width": 1, "proposals": 2}, words, rewards)
    assert path(near) == ["a", "x"]
    far, policy, reward = await solve("beam", {"width": 1, "proposals": 2, "lookahead": 1}, words, rewards)
    assert path(far) == ["b", "y"]
    assert [node.rewards for node in far.outcome.tree.nodes if node.depth == 1] == [
        {"lookahead": 0.1},
        {"lookahead": 0.8},
    ]
    assert [r.sampling.temperature for r in policy.batches[1]] == [0.0, 0.0]
    assert reward.calls == 4  # two lookaheads, then the two finished proposals as they are
    assert far.outcome.tree.counters.policy_calls == policy.calls == 2 + 2 + 2


async def test_ties_go_to_the_first():
    run, _, _ = await solve("beam", {"width": 1, "proposals": 3}, {"": ["a.", "b.", "c."]}, dict.fromkeys("abc", 0.5))
    assert path(run) == ["a"]


async def test_a_step_cut_off_by_its_length_takes_no_part():
    words = {"": ["a" * 100, "b."]}
    run, _, reward = await solve("beam", {"width": 2, "proposals": 1}, words, {"b": 0.1})
    assert [node.finish for node in run.outcome.tree.nodes] == [None, "length", "end"]
    assert (path(run), reward.calls) == (["b"], 1)
