"""Reward-guided speculation with a scripted draft and a scripted target, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from search.journal import NonDeterministicReplay
from search.run import run_search
from search.spec import RunSpec, draft_of, header_of
from tests.search.algorithms.puzzle import path, texts
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, Steps

Speculation = tuple[Run, ScriptedPolicy, ScriptedPolicy, ScriptedReward]
REWARDS = {"small 1": 0.9, "small 2": 0.4, "big 2": 0.2, "small 3": 0.75, "big 3": 0.8, "big 1": 0.1}


def writer(name: str, last: int = 3) -> ScriptedPolicy:
    """Writes "NAME k" as step k; step `last` ends the solution."""
    return ScriptedPolicy(lambda steps, request: (f"{name} {len(steps) + 1}", len(steps) + 1 == last))


def judge(steps: Steps) -> float:
    return REWARDS[steps[-1]]


async def speculate(params: dict[str, Any] | None = None, **more: Any) -> Speculation:
    """A run with its target, its draft and its reward."""
    target, draft, reward = writer("big"), writer("small"), ScriptedReward(judge)
    head = header("reward_guided_speculation", params, problem="a puzzle", **more)
    return await play(head, policy=target, draft=draft, reward=reward), target, draft, reward


async def test_a_draft_is_kept_at_the_threshold_and_rewritten_below_it():
    run, target, draft, reward = await speculate({"threshold": 0.75})
    # step 1: .9 is kept; step 2: .4 is refused, the target writes it, unseen by the reward; step 3: .75 is kept
    assert path(run) == ["small 1", "big 2", "small 3"]
    assert (draft.calls, target.calls, reward.calls) == (3, 1, 3)
    told = [(p["cutoff"], texts(run, p["nodes"]), p["nodes"][0]["terms"]) for p in run.payloads("selected")]
    assert told == [
        (0.75, ["small 1"], {"writer": "draft"}),
        (None, ["big 2"], {"writer": "policy"}),
        (0.75, ["small 3"], {"writer": "draft"}),
    ]
    (refused,) = run.payloads("pruned")
    assert (texts(run, refused["nodes"]), refused["nodes"][0]["score"], refused["cutoff"]) == (["small 2"], 0.4, 0.75)


async def test_the_journal_says_who_wrote_and_the_budget_counts_both():
    run, target, draft, _ = await speculate({"threshold": 0.75})
    assert [p["writer"] for p in run.payloads("generate")] == ["draft", "draft", "policy", "draft"]
    # "small k" and its end are eight tokens, "big 2" and its end six
    assert (draft.rows, target.rows) == (24, 6)
    counted = run.payloads("budget")[-1]
    assert (counted["tokens"], counted["draft_tokens"], counted["policy_calls"]) == (30, 24, 4)
    assert run.outcome.tree.counters.draft_tokens == 24


async def test_the_budget_holds_over_both():
    run, target, draft, _ = await speculate({"threshold": 1.0}, budget={"policy_calls": 3})
    assert (run.outcome.stopped_by, run.outcome.cap) == ("budget", "policy_calls")
    assert draft.calls + target.calls == 3


async def test_no_draft_is_good_enough_and_every_one_is():
    run, target, draft, reward = await speculate({"threshold": 1.0})
    assert path(run) == ["big 1", "big 2", "big 3"]
    # three drafts, and the finished step of the target, whose reward the answer is ranked by
    assert (draft.calls, target.calls, reward.calls) == (3, 3, 4)
    kept, target, *_ = await speculate({"threshold": 0.0})
    assert (path(kept), target.calls) == (["small 1", "small 2", "small 3"], 0)


async def test_a_draft_that_ran_into_its_token_cap_is_rewritten():
    draft = ScriptedPolicy(lambda steps, request: ("so long a step that it hits its cap", False))
    head = header("reward_guided_speculation", {}, problem="a puzzle", max_step_tokens=10)
    run = await play(head, policy=writer("big", last=1), draft=draft, reward=ScriptedReward(lambda steps: 0.5))
    assert [(node.text, node.finish) for node in run.outcome.tree.nodes[1:]] == [
        ("so long a ", "length"),
        ("big 1", "end"),
    ]
    assert path(run) == ["big 1"]


async def test_paths_side_by_side_share_their_batches():
    run, target, draft, _ = await speculate({"threshold": 0.75, "paths": 3})
    assert [len(batch) for batch in draft.batches] == [3, 3, 3]
    assert [len(batch) for batch in target.batches] == [3]
    assert len(run.outcome.tree.candidates()) == 3


async def test_it_replays_without_models_and_another_writer_is_noticed():
    run, *_ = await speculate({"threshold": 0.75})
    head = header("reward_guided_speculation", {"threshold": 0.75}, problem="a puzzle")
    replayed = await run_search(head, run.events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
    assert replayed.tree.as_dict() == run.outcome.tree.as_dict()
    forged = next(event for event in run.events if event.kind == "generate")
    forged.payload["writer"] = "policy"
    with pytest.raises(NonDeterministicReplay):
        await run_search(head, run.events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)


def test_the_header_describes_both_models_and_a_missing_one_is_refused():
    asked = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "reward_guided_speculation"}
    spec = RunSpec.model_validate({**asked, "params": {"draft": "small"}})
    target, draft, reward = writer("big"), writer("small"), ScriptedReward(judge)
    assert draft_of(spec) == "small"
    assert header_of(spec, target, reward, draft=draft)["draft"] == draft.describe()
    with pytest.raises(ValueError, match="takes turns with small"):
        header_of(spec, target, reward)
    plain = RunSpec.model_validate({**asked, "algorithm": "greedy"})
    assert draft_of(plain) is None
    with pytest.raises(ValueError, match="no second policy"):
        header_of(plain, target, reward, draft=draft)
