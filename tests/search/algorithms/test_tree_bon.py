"""TreeBoN on a tree worked out by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from search.algorithms.tree_bon import TreeBoNParams
from tests.search.algorithms.puzzle import path, solve, texts

WORDS = {
    "": ["a", "b", "c", "d"],
    "b": ["b1", "b2"],
    "c": ["c1", "c2"],
    "b1": ["x.", "w"],
    "c1": ["y.", "z."],
    "w": ["v."],
}
REWARDS = {
    "a": 0.1, "b": 0.4, "c": 0.3, "d": 0.2, "b1": 0.5, "b2": 0.2, "c1": 0.6, "c2": 0.1,
    "x": 0.3, "w": 0.05, "y": 0.7, "z": 0.65, "v": 0.9,
}  # fmt: skip
TREE = {"n": 4, "children": 2, "layers": 3}


async def test_every_layer_keeps_n_over_w_and_gives_each_w_children():
    run, policy, reward = await solve("tree_bon", TREE, WORDS, REWARDS)
    assert [texts(run, payload["nodes"]) for payload in run.payloads("selected")] == [["b", "c"], ["c1", "b1"]]
    assert [texts(run, payload["nodes"]) for payload in run.payloads("pruned")] == [["d", "a"], ["b2", "c2"]]
    assert [payload["cutoff"] for payload in run.payloads("pruned")] == [0.3, 0.5]
    assert [[entry["terms"]["layer"] for entry in payload["nodes"]] for payload in run.payloads("pruned")] == [
        [1, 1],
        [2, 2],
    ]
    # layers of 4; then only w, which no reward has dropped, goes on
    assert [len(batch) for batch in policy.batches] == [4, 4, 4, 1]
    assert path(run) == ["b", "b1", "w", "v"]
    # each partial of layers 1 and 2, then each finished path; a path's one call scores w too
    assert reward.calls == 4 + 4 + 3 + 1


async def test_one_layer_is_best_of_n():
    params = {"n": 4, "children": 2, "layers": 1}
    words = {"": ["a", "b", "c", "d"], "a": ["x."], "b": ["v."], "c": ["y."], "d": ["z."]}
    run, _, _ = await solve("tree_bon", params, words, REWARDS)
    plain, _, _ = await solve("best_of_n", {"n": 4}, words, REWARDS)
    assert path(run) == path(plain) == ["b", "v"]
    assert run.payloads("pruned") == []
    assert [e.payload for e in run.events if e.kind == "generate"] == [
        e.payload for e in plain.events if e.kind == "generate"
    ]


async def test_a_finished_partial_competes_and_keeps_its_slot():
    words = {"": ["a.", "b", "c", "d"], "b": ["b1.", "b2."]}
    rewards = {"a": 0.8, "b": 0.5, "c": 0.4, "d": 0.3, "b1": 0.6, "b2": 0.7}
    run, policy, _ = await solve("tree_bon", {**TREE, "layers": 2}, words, rewards)
    assert [texts(run, payload["nodes"]) for payload in run.payloads("selected")] == [["a", "b"]]
    assert [len(batch) for batch in policy.batches] == [4, 2]
    assert path(run) == ["a"]


def test_n_has_to_be_a_multiple_of_w():
    with pytest.raises(ValidationError, match=r"n \(10\) must be a multiple of children \(4\)"):
        TreeBoNParams(n=10, children=4)
