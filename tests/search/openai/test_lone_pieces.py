"""Paths that are written alone, and rollouts: one request each on a server; journals of before still replay."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from search.branch_value import value_of
from search.events import Event
from search.policies.openai import OpenAIPolicy
from search.reducer import fold
from search.rewards.exact import ExactReward
from search.run import run_search
from search.spec import RunSpec, header_of
from search.templates import EMBEDDED_POLICY
from tests.search.openai.conftest import connect

PROBLEM = "4 7 -> 24"  # here the random model writes a step and another


@pytest.fixture
def remote(tiny_address: str) -> OpenAIPolicy:
    return connect(tiny_address, "tiny", template=EMBEDDED_POLICY)


def run(policy: OpenAIPolicy, algorithm: str, params: dict[str, Any], **header: Any) -> tuple[Any, list[Event], Any]:
    """`header`: what its policy says otherwise than the policy does now."""
    spec = RunSpec.model_validate(
        {"problem": {"text": PROBLEM}, "algorithm": algorithm, "params": params, "reward": "exact", "seed": 3,
         "policy": "remote", "budget": {"tokens": 900}, "sampling": {"max_step_tokens": 24}}
    )  # fmt: skip
    head, events = header_of(spec, policy, ExactReward()), list[Event]()
    head["policy"] = {**head["policy"], **header}
    done = asyncio.run(
        run_search(head, policy=policy, reward=ExactReward(), sink=lambda *event: events.append(Event(*event)))
    )
    again = asyncio.run(run_search(head, events, policy=None, reward=None, replay_finished=True))
    assert again.tree.as_dict() == done.tree.as_dict()
    return done, events, head


def test_a_greedy_path_is_one_request_and_journals_of_before_go_step_by_step(remote: OpenAIPolicy) -> None:
    done, events, _ = run(remote, "greedy", {"max_steps": 6})
    assert remote.occupancy.forwards == 1
    by_steps, before, _ = run(remote, "greedy", {"max_steps": 6}, lone_pieces=False)
    texts = [[node.text for node in outcome.tree.nodes] for outcome in (done, by_steps)]
    assert len(texts[0]) > 2
    assert texts[0][1] == texts[1][1]  # what follows may differ: the server reads the first step's text anew
    purposes = [{e.payload["purpose"] for e in journal if e.kind == "generate"} for journal in (events, before)]
    assert purposes == [{"decode"}, {"expand"}]


def test_rollouts_below_one_leaf_are_one_request(remote: OpenAIPolicy) -> None:
    params = {"simulations": 6, "expansion": 2, "batch": 2, "evaluation": "rollout", "rollouts": 3, "max_depth": 4}
    done, events, _ = run(remote, "mcts", params)
    generated = [event.payload for event in events if event.kind == "generate"]
    rolled = [payload for payload in generated if payload["purpose"] == "rollout"]
    assert rolled
    assert all(request["n"] in (1, 2, 3) for payload in rolled for request in payload["requests"])
    assert any(request["n"] == 3 for payload in rolled for request in payload["requests"])
    assert any(sample["part"] > 0 for payload in rolled for sample in payload["samples"])
    assert all(sample["node"] is None for payload in rolled for sample in payload["samples"])
    # A rollout of several steps is one completion, and every token of it counts.
    first = sum(sample.get("part", 0) == 0 for payload in generated for sample in payload["samples"])
    told = sum(sample["tokens"] for payload in generated for sample in payload["samples"])
    assert (done.tree.counters.policy_calls, done.tree.counters.tokens) == (first, told)
    assert told <= 900


def test_rollouts_outside_a_run_are_one_request(remote: OpenAIPolicy) -> None:
    _, events, head = run(remote, "beam", {"width": 1, "proposals": 2})
    tree, before = fold(events), remote.occupancy.forwards
    open_node = next(node for node in tree.nodes if node.parents and node.expandable)
    value = asyncio.run(value_of(head, tree, open_node, 8, remote, max_steps=4))
    assert remote.occupancy.forwards == before + 1
    assert len(value.completions) == 8
    assert len({completion.steps for completion in value.completions}) > 1
    assert all(1 <= len(completion.steps) <= 4 for completion in value.completions)
