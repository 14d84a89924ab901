"""SMC steering on populations worked out by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from search.algorithms.smc_steering import SMCSteeringParams
from search.randomness import uniform
from tests.search.algorithms.puzzle import path, solve, texts

WORDS = {"": ["a.", "b", "c", "d"], "c": ["c1.", "c2."], "d": ["d1.", "d2."]}
TWO = {"particles": 2, "proposals": 2, "final": "argmax"}


def seed_with(low: float, high: float, count: int = 0) -> int:
    return next(s for s in range(500) if low <= uniform(s, "draw", "resample", count) < high)


async def test_what_breaks_the_constraint_is_pruned_and_says_what_it_violates():
    run, _, _ = await solve("smc_steering", {**TWO, "forbidden": "b"}, WORDS)
    lost = run.payloads("pruned")[0]
    assert (lost["rule"], texts(run, lost["nodes"])) == ("constraint", ["b"])
    assert lost["nodes"][0]["terms"] == {"violates": "forbidden", "at": 2}
    decision = run.outcome.tree[2].decision
    assert decision is not None
    assert (decision["outcome"], decision["score"], decision["terms"]["violates"]) == ("pruned", 0.0, "forbidden")


@pytest.mark.parametrize(
    ("low", "high", "offspring"),
    [(0.0, 1 / 3, [1, 1, 0]), (1 / 3, 2 / 3, [1, 0, 1]), (2 / 3, 1.0, [0, 1, 1])],
)
async def test_the_survivors_are_thinned_without_replacement(low, high, offspring):
    run, _, _ = await solve("smc_steering", {**TWO, "forbidden": "b"}, WORDS, seed=seed_with(low, high))
    first = run.payloads("resampled")[0]
    # a, c and d weigh 1/3: the points u/2 and (1 + u)/2 against the edges at 1/3 and 2/3
    assert [p["weight"] for p in first["particles"]] == pytest.approx([1 / 3] * 3)
    assert [p["offspring"] for p in first["particles"]] == offspring
    assert (first["scheme"], first["detail"]) == (
        "without_replacement", {"threshold": pytest.approx(0.5), "violated": 1},
    )  # fmt: skip


async def test_an_extension_has_its_share_of_its_parents_weight_and_a_finished_particle_its_whole():
    run, policy, _ = await solve("smc_steering", {**TWO, "forbidden": "b"}, WORDS, seed=seed_with(0.0, 1 / 3))
    last = run.payloads("resampled")[-1]
    # a (finished) and c went on with 1/2 each: c's two extensions weigh 1/4
    assert [(p["node"], p["weight"]) for p in last["particles"]] == [
        (1, pytest.approx(0.5)), (5, pytest.approx(0.25)), (6, pytest.approx(0.25)),
    ]  # fmt: skip
    assert [len(batch) for batch in policy.batches] == [4, 2]
    assert path(run) == ["a"]


async def test_a_solution_that_cannot_become_a_match_leaves_at_once_an_unfinished_match_at_its_end():
    words = {"": ["1 + 2 = 3", "one and two"], "1 + 2 = 3": ["answer: 3.", "so much."]}
    pattern = r"(\d+ [+*-] \d+ = \d+\n)*answer: \d+"
    run, _, _ = await solve("smc_steering", {**TWO, "solution": pattern}, words)
    violated = {run.outcome.tree[e["node"]].text: e["terms"] for p in run.payloads("pruned") for e in p["nodes"]}
    assert violated == {
        "one and two": {"violates": "solution", "at": 0},
        "so much": {"violates": "solution", "at": 10},
    }
    assert path(run) == ["1 + 2 = 3", "answer: 3"]


async def test_every_step_is_held_to_its_pattern_and_length():
    run, _, _ = await solve("smc_steering", {**TWO, "step": "[a-c]|c.*", "longest": 1}, WORDS)
    violated = {
        run.outcome.tree[e["node"]].text: e["terms"]["violates"] for p in run.payloads("pruned") for e in p["nodes"]
    }
    assert violated["d"] == "step"
    assert {violated.get("c1", "longest"), violated.get("c2", "longest")} == {"longest"}


async def test_where_nothing_keeps_the_constraint_there_is_no_answer():
    run, _, _ = await solve("smc_steering", {**TWO, "step": "z"}, WORDS)
    assert (run.outcome.node, run.outcome.stopped_by) == (None, "completed")
    assert [len(p["nodes"]) for p in run.payloads("pruned")] == [4]


async def test_it_needs_no_reward_but_scores_where_there_is_one():
    words = {"": ["a.", "c."]}
    _, _, reward = await solve("smc_steering", TWO, words, {"a": 0.5, "c": 0.1})
    assert reward.calls == 4
    unscored, _, _ = await solve("smc_steering", TWO, words)
    assert [node.reward for node in unscored.outcome.tree.nodes] == [None] * 5


@pytest.mark.parametrize(
    ("field", "pattern", "complaint"),
    [("step", "(a", "a ( is not"), ("solution", "a{3,1}", "from the smaller"), ("forbidden", "*", "repeats nothing")],
)
def test_a_pattern_that_cannot_be_read_names_its_field_and_character(field, pattern, complaint):
    with pytest.raises(
        ValidationError, match=rf"(?s){field}.*cannot be read at character \d+.*{complaint.replace('(', '.')}"
    ):
        SMCSteeringParams.model_validate({field: pattern})
