"""Fractured sampling on trajectories worked out by hand."""

from __future__ import annotations

from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import command, header, play
from tests.search.support.scripted import ScriptedPolicy, from_table

PROBLEM = "8 - 4 + 2 * 3"
# The first child of every step is the trajectory: a, b, c, answer. Later children come from the cuts.
WORDS = {
    "": ["a"],
    "a": ["b", "answer: 10.", "f"],
    "b": ["c"],
    "c": ["answer: 9.", "answer: 10 ."],
    "f": ["answer: 10  ."],
}


async def test_m_solutions_from_every_cut_of_the_trajectory():
    run, policy, _ = await solve("fractured", {"trajectories": 1, "solutions": 2, "depths": 2}, WORDS, problem=PROBLEM)
    # 3 reasoning steps: cut after 1 * 3 // 2 = 1 and after all 3; there the trajectory's own solution is one of the two
    (cuts,) = run.payloads("selected")
    assert texts(run, cuts["nodes"]) == ["a", "c"]
    assert [entry["terms"] for entry in cuts["nodes"]] == [
        {"depth": 1, "solutions": 2},
        {"depth": 3, "solutions": 1},
    ]
    # the trajectory, then both cuts at once, then f's ending
    assert [len(batch) for batch in policy.batches] == [1, 1, 1, 1, 3, 1]
    assert run.events[-1].payload["votes"] == [["10", 0.0, 3], ["9", 0.0, 1]]
    assert path(run) == ["a", "answer: 10"]


async def test_cuts_at_the_same_step_add_up_and_depth_nothing_is_the_problem():
    words = {"": ["a", "answer: 9.", "answer: 8."], "a": ["answer: 10.", "answer: 10 ."]}
    run, _, _ = await solve("fractured", {"trajectories": 1, "solutions": 1, "depths": 3}, words, problem=PROBLEM)
    # 1 reasoning step: cuts after 1 // 3 = 0, 2 // 3 = 0 and 1 steps; at the last the one solution is there already
    (cuts,) = run.payloads("selected")
    assert [(entry["node"], entry["terms"]["solutions"]) for entry in cuts["nodes"]] == [(0, 2)]
    assert run.events[-1].payload["votes"] == [["10", 0.0, 1], ["9", 0.0, 1], ["8", 0.0, 1]]


async def test_every_trajectory_is_cut():
    words = {"": ["a", "b"], "a": ["answer: 9.", "answer: 9 ."], "b": ["answer: 10.", "answer: 10 ."]}
    run, _, _ = await solve("fractured", {"trajectories": 2, "solutions": 3, "depths": 1}, words, problem=PROBLEM)
    (cuts,) = run.payloads("selected")
    assert [
        (text, entry["terms"]["solutions"])
        for text, entry in zip(texts(run, cuts["nodes"]), cuts["nodes"], strict=True)
    ] == [
        ("a", 2),
        ("b", 2),
    ]
    assert run.events[-1].payload["votes"] == [["9", 0.0, 3], ["10", 0.0, 3]]


def scripted() -> ScriptedPolicy:
    return ScriptedPolicy(lambda steps, request: from_table({steps: WORDS[steps[-1] if steps else ""]})(steps, request))


async def test_a_raised_budget_samples_only_what_is_missing():
    params = {"trajectories": 1, "solutions": 2, "depths": 2}
    head = header("fractured", params, problem=PROBLEM, reward=False, budget={"policy_calls": 5})
    short = await play(head, policy=scripted())
    assert (short.outcome.stopped_by, short.outcome.cap) == ("budget", "policy_calls")
    more = await play(
        head, short.events, policy=scripted(), commands=[command("raise_budget", budget={"policy_calls": None})]
    )
    whole = await play({**head, "budget": {**head["budget"], "policy_calls": None}}, policy=scripted())
    assert sorted(node.key for node in more.outcome.tree.nodes) == sorted(node.key for node in whole.outcome.tree.nodes)
    assert more.outcome.answer == whole.outcome.answer == "10"


async def test_an_edited_trajectory_is_not_cut_any_more():
    params = {"trajectories": 1, "solutions": 2, "depths": 2}
    head = header("fractured", params, problem=PROBLEM, reward=False)
    whole = await play(head, policy=scripted())
    ends = next(event.seq for event in whole.events if event.kind == "node_added" and event.payload["finish"] == "end")
    steered = await play(head, policy=scripted(), at={ends: [command("edit", node=1, text="answer: 7")]})
    tree = steered.outcome.tree
    assert len(tree.subtree(tree[1])) == 4  # a, b, c and the solution that was there before the edit
    # the person's step is a trajectory without reasoning: both its cuts are at the problem
    (cuts,) = steered.payloads("selected")
    assert [(entry["node"], entry["terms"]["solutions"]) for entry in cuts["nodes"]] == [(0, 3)]
