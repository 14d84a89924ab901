"""Adaptive sampling worked out by hand: what the policy says of its own steps stands in a table."""

from __future__ import annotations

from typing import Any

import pytest

from search.policies.base import PolicyError
from search.spec import RunSpec, header_of
from tests.search.algorithms.puzzle import path, texts
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, from_table


async def ask(params: dict[str, Any], words: dict[str, list[str]], restart: dict[str, float]) -> tuple[Run, Any]:
    """A run whose policy wishes to restart after a step as the table says."""
    policy = ScriptedPolicy(
        lambda steps, request: from_table({steps: words[steps[-1] if steps else ""]})(steps, request),
        asked=lambda steps: restart[steps[-1]],
    )
    head = header("adaptive_sampling", params, problem="a puzzle", reward=False)
    return await play(head, policy=policy), policy


async def test_it_samples_until_the_policy_is_content():
    words, restart = {"": ["a.", "b.", "c.", "d.", "e."]}, {"a": 0.9, "b": 0.5, "c": 0.1}
    run, policy = await ask({"n": 5}, words, restart)
    tree = run.outcome.tree
    assert path(run) == ["c"]
    assert [node.rewards for node in tree.nodes[1:]] == [{"self-evaluation: restart": restart[x]} for x in "abc"]
    assert all(node.reward is None for node in tree.nodes)  # it drives nothing but this strategy
    assert (policy.rows, policy.calls, tree.counters.reward_calls) == (6, 3, 3)
    # 0.8 · (1 − 2^(1 − k)): the first sample is the policy's safest
    assert [batch[0].sampling.temperature for batch in policy.batches] == pytest.approx([0.0, 0.4, 0.6])
    probes = run.payloads("selected")
    assert [payload["nodes"][0]["score"] for payload in probes] == [0.9, 0.5, 0.1]
    assert [payload["detail"]["samples_saved"] for payload in probes] == [0, 0, 2]
    assert [payload["detail"]["sample"] for payload in probes] == [1, 2, 3]


async def test_never_content_it_takes_the_one_it_would_least_like_to_restart():
    words, restart = {"": ["a.", "b.", "c."]}, {"a": 0.9, "b": 0.5, "c": 0.6}
    run, policy = await ask({"n": 3, "anneal": False}, words, restart)
    assert path(run) == ["b"]
    assert [batch[0].sampling.temperature for batch in policy.batches] == [0.8] * 3


async def test_a_solution_is_given_up_half_way():
    words, restart = {"": ["aa", "bb", "c"], "bb": ["x."]}, {"aa": 0.95, "bb": 0.3, "x": 0.05}
    run, policy = await ask({"n": 3, "prune_above": 0.9, "max_steps": 3}, words, restart)
    (lost,) = run.payloads("pruned")
    assert (texts(run, lost["nodes"]), lost["rule"], lost["cutoff"]) == (["aa"], "a restart would do better", 0.9)
    assert lost["nodes"][0]["score"] == 0.95
    assert lost["nodes"][0]["terms"] == {"tokens_saved": 2 * 64}
    assert lost["detail"] == {"tokens_saved": 128}
    assert path(run) == ["bb", "x"]
    assert policy.rows == 3 + 3 + 2


def test_a_policy_without_such_a_prompt_is_refused_before_the_run():
    spec = RunSpec.model_validate(
        {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "adaptive_sampling", "reward": None}
    )
    mute = ScriptedPolicy(lambda steps, request: ("", True))
    with pytest.raises(PolicyError, match=r"scripted cannot be asked whether a fresh start would do better.*espalier"):
        header_of(spec, mute, None)
    asked = ScriptedPolicy(lambda steps, request: ("", True), asked=lambda steps: 0.5)
    assert header_of(spec, asked, None)["policy"]["questions"] == ["restart", "right"]
