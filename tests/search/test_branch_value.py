"""Rollouts from a branch outside the run: what is asked of the policy, what verifies, and what cannot be continued."""

from __future__ import annotations

import json
from typing import Any

import pytest

from search.branch_value import BranchValue, NothingToContinue, value_branch
from search.cli import main
from search.models import catalogue
from search.setting import Setting
from search.truth import Truth
from tests.search.support.journals import FOLDER
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, StepRequest, Steps

PROBLEM = "8 - 4 + 2 * 3"
READY = all(entry["ready"] for entry in catalogue())
needs_weights = pytest.mark.skipif(not READY, reason="the embedded models' weights are not trained yet")


def write(steps: Steps, request: StepRequest) -> tuple[str, bool]:
    """a or b at first; below a every second rollout answers right, and its fourth never ends."""
    if not steps:
        return "ab"[int(request.key[-1]) % 2], False
    if len(steps) == 1 and ".v" not in request.key:
        return "answer: 10", True
    rollout = int(request.key.partition(".v")[2].split(".")[0])
    if rollout == 3:
        return "and", False
    if len(steps) == 1:
        return "then", False
    return f"answer: {10 - rollout % 2}", True


async def pruned_branch() -> tuple[Run, dict[str, Any]]:
    """A beam that cut b."""
    head = header("beam", {"width": 1, "proposals": 2}, problem=PROBLEM)
    reward = ScriptedReward(lambda steps: {"a": 0.9, "b": 0.1}.get(steps[0], 0.5))
    return await play(head, policy=ScriptedPolicy(write), reward=reward), head


def setting_of(head: dict[str, Any], policy: ScriptedPolicy) -> Setting:
    problem = head["problem"]
    truth = Truth.of(problem["text"], problem["answer"], problem["verifier"])
    return Setting.of({**head, "reward": None}, policy=policy, reward=None, truth=truth, clock=lambda: 0.0)


async def valued(k: int, max_steps: int = 4, node: int = 2) -> tuple[BranchValue, ScriptedPolicy]:
    run, head = await pruned_branch()
    assert run.outcome.tree[2].status == "pruned"
    policy = ScriptedPolicy(write)
    tree = run.outcome.tree
    return await value_branch(setting_of(head, policy), tree, tree[node], k, max_steps=max_steps), policy


async def test_a_pruned_branch_is_worth_the_share_of_its_completions_that_verify():
    found, policy = await valued(4)
    assert [completion.steps for completion in found.completions] == [
        ("then", "answer: 10"),
        ("then", "answer: 9"),
        ("then", "answer: 10"),
        ("and", "and", "and", "and"),
    ]
    assert [completion.finished for completion in found.completions] == [True, True, True, False]
    assert [completion.correct for completion in found.completions] == [True, False, True, None]
    assert (found.node, found.status, found.right, found.share) == (2, "pruned", 2, 0.5)
    # Wilson, z = 1.96: (0.5 + 3.8416/8 ± 1.96 sqrt(0.25/4 + 3.8416/64)) / (1 + 3.8416/4)
    assert found.interval == pytest.approx((0.150036, 0.849964), abs=1e-5)
    # "then" 4 + 1, "answer: 10" 10 + 1, "answer: 9" 9 + 1, and four times "and" 3 + 1
    assert found.tokens == policy.rows == 3 * 5 + 2 * 11 + 10 + 4 * 4
    assert [len(batch) for batch in policy.batches] == [4, 4, 1, 1]


async def test_the_run_is_left_as_it_was_and_its_draws_are_nobody_elses():
    found, policy = await valued(2)
    keys = [request.key for batch in policy.batches for request in batch]
    assert keys == ["0.1.v0.0", "0.1.v1.0", "0.1.v0.1", "0.1.v1.1"]
    assert {request.seed for batch in policy.batches for request in batch} == {1}
    assert found.as_dict()["tokens"] == found.tokens


async def test_without_a_truth_nothing_is_claimed():
    run, head = await pruned_branch()
    policy = ScriptedPolicy(write)
    setting = setting_of(head, policy)
    setting.truth = None
    found = await value_branch(setting, run.outcome.tree, run.outcome.tree[2], 2)
    assert (found.right, found.share, found.interval) == (None, None, None)
    assert [completion.finished for completion in found.completions] == [True, True]


async def test_a_finished_step_has_nothing_to_continue():
    run, head = await pruned_branch()
    leaf = run.outcome.tree.chosen[-1]
    with pytest.raises(NothingToContinue, match=f"node {leaf} ends there"):
        await value_branch(setting_of(head, ScriptedPolicy(write)), run.outcome.tree, run.outcome.tree[leaf], 2)


async def test_a_full_context_has_no_room():
    run, head = await pruned_branch()
    setting = setting_of(head, ScriptedPolicy(write))
    setting.context = 5
    with pytest.raises(NothingToContinue, match="fills the policy's context"):
        await value_branch(setting, run.outcome.tree, run.outcome.tree[2], 2)


@needs_weights
def test_the_command_line_values_a_pruned_step_with_the_embedded_policy(tmp_path, capsys):
    journal = tmp_path / "run.jsonl"
    run = ["run", "--algorithm", "beam", "--problem", "3 5 7 11 -> 24", "--seed", "2", "--width", "1"]
    assert main([*run, "--jsonl", str(journal)]) == 0
    events = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    pruned = next(event for event in events if event["kind"] == "pruned")["payload"]["nodes"][0]["node"]
    before = journal.read_bytes()
    capsys.readouterr()
    assert main(["rollouts", str(journal), "--node", str(pruned), "-k", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["node"], found["status"], len(found["completions"])) == (pruned, "pruned", 4)
    assert found["right"] == sum(completion["correct"] is True for completion in found["completions"])
    assert main(["rollouts", str(journal), "--node", str(pruned), "-k", "4"]) == 0
    assert f"node {pruned} is pruned\nright: {found['right']} of 4" in capsys.readouterr().out
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--node", "999"], "--node 999: the last node is "),
        (["--node", "0", "-k", "0"], "-k 0: give a number from 1 to 4096"),
        (["--node", "0", "--max-steps", "0"], "--max-steps 0: give a number from 1 to 1000"),
    ],
)
def test_what_cannot_be_rolled_out_is_refused(arguments, said, capsys):
    assert main(["rollouts", str(FOLDER / "votes.jsonl"), *arguments]) == 2
    assert capsys.readouterr().err.startswith(said)
