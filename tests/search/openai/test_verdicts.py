"""Asking a served model for a verdict on its own steps: against the model itself, and against canned answers."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from search.policies.base import PolicyError
from search.policies.openai import OpenAIPolicy
from search.policies.transformers import TransformersPolicy
from search.run import run_search
from search.spec import RunSpec, header_of
from search.templates import EMBEDDED_POLICY, Template, render_prompt
from tests.search.openai.conftest import connect
from tests.support.http import serving

PROBLEM = "3 5 7 11 -> 24"
ASKING = Template(name="remote", ask_restart="Start over? ", yes=" Yes", no=" No")


def remote_tiny(address: str) -> OpenAIPolicy:
    return connect(address, "tiny", template=EMBEDDED_POLICY)


def test_a_server_is_as_sure_as_the_model_behind_it(tiny: TransformersPolicy, tiny_address: str) -> None:
    prompts = [f"{PROBLEM}\n", f"{PROBLEM}\n3 + 5 = 8 (left: 7 8 11)\n"]
    told = asyncio.run(remote_tiny(tiny_address).ask(prompts, "restart"))
    assert told == asyncio.run(tiny.ask(prompts, "restart"))
    assert len({chance for chance, _ in told}) == 2


def test_adaptive_sampling_asks_the_server_about_its_steps(tiny: TransformersPolicy, tiny_address: str) -> None:
    remote = remote_tiny(tiny_address)
    spec = RunSpec.model_validate(
        {
            "problem": {"text": PROBLEM}, "algorithm": "adaptive_sampling", "policy": "remote", "reward": None,
            "params": {"n": 6, "prune_above": 0.999999, "max_steps": 2, "anneal": False}, "seed": 3,
            "sampling": {"temperature": 1.0}, "budget": {"tokens": 700},
        }
    )  # fmt: skip
    header = header_of(spec, remote, None)
    assert header["policy"]["questions"] == ["restart", "right"]
    tree = asyncio.run(run_search(header, policy=remote, reward=None, clock=lambda: 0.0)).tree
    asked = [node for node in tree.nodes if node.rewards]
    assert asked
    assert tree.counters.reward_calls == len(asked)
    prompts = [render_prompt(EMBEDDED_POLICY, PROBLEM, tree.steps(node)) for node in asked]
    expected = [chance for chance, _ in asyncio.run(tiny.ask(prompts, "restart"))]
    assert [node.rewards["self-evaluation: restart"] for node in asked] == expected


class Canned:
    """Answers every request alike and keeps what was asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        self.asked.append(json.loads((await receive())["body"]))
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
        await send(head)
        await send({"type": "http.response.body", "body": json.dumps(self.answer).encode()})


def ask(answer: dict[str, Any], **settings: Any) -> tuple[float, int, dict[str, Any]]:
    """The chance and tokens that this answer stands for, and the request it was given to."""
    server = Canned(answer)
    with serving(server) as address:
        [(chance, tokens)] = asyncio.run(
            connect(f"{address}/v1", template=ASKING, **settings).ask(["1 + 2\n"], "restart")
        )
    return chance, tokens, server.asked[0]


def test_a_chat_server_is_sent_one_message_and_spaces_around_a_verdict_do_not_count() -> None:
    told = [("Yes", -0.5), (" Yes", -3.0), ("No", -1.5), ("Maybe", -2.0)]
    content = [{"token": "Yes", "logprob": -0.5, "top_logprobs": [{"token": t, "logprob": p} for t, p in told]}]
    answer = {"choices": [{"logprobs": {"content": content}}], "usage": {"prompt_tokens": 9}}
    chance, tokens, body = ask(answer, api="chat")
    yes, no = math.exp(-0.5) + math.exp(-3.0), math.exp(-1.5)
    assert chance == pytest.approx(yes / (yes + no), abs=1e-6)
    assert tokens == 9
    assert body["messages"] == [{"role": "user", "content": "1 + 2\nStart over? "}]
    assert (body["max_tokens"], body["temperature"], body["top_logprobs"]) == (1, 0, 20)


def test_a_verdict_that_is_not_told_is_impossible_and_two_are_an_error() -> None:
    only = {"choices": [{"logprobs": {"top_logprobs": [{" No": -0.1, " Perhaps": -2.0}]}}]}
    assert ask(only)[0] == 0.0
    neither = {"choices": [{"logprobs": {"top_logprobs": [{" Perhaps": -2.0}]}}]}
    with pytest.raises(PolicyError, match="neither ' Yes' nor ' No' among the 20 most probable"):
        ask(neither)


def test_a_server_that_tells_no_alternatives_is_named() -> None:
    with pytest.raises(PolicyError, match=r"remote: the model server .*`top_logprobs`"):
        ask({"choices": [{"text": " Yes", "logprobs": {"token_logprobs": [-0.1]}}]})


@pytest.mark.parametrize("settings", [{"template": ASKING, "logprobs": False}, {"template": Template(name="remote")}])
def test_who_cannot_be_asked_is_refused_before_the_run(settings: dict[str, Any]) -> None:
    spec = RunSpec.model_validate({"problem": {"text": PROBLEM}, "algorithm": "adaptive_sampling", "reward": None})
    with pytest.raises(PolicyError, match="remote cannot be asked whether a fresh start would do better"):
        header_of(spec, connect("http://127.0.0.1:9/v1", **settings), None)
