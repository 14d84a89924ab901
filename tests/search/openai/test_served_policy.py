"""The whole way: strategies over HTTP on a policy that this process serves."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import httpx2
import pytest
import torch
from transformers import AutoModelForCausalLM

from search.events import Event
from search.policies.base import Cancellation, PolicyError, Sampling, StepRequest
from search.policies.lockstep import Leash, PathRequest, decode_in_rounds
from search.policies.openai import OpenAIPolicy
from search.policies.transformers import TransformersPolicy
from search.rewards.exact import ExactReward
from search.run import run_search
from search.spec import RunSpec, header_of
from search.templates import EMBEDDED_POLICY
from search.tokenization import Tokenization
from tests.search.openai.conftest import connect

PROBLEM = "3 5 7 11 -> 24"


@pytest.fixture
def remote(tiny_address: str) -> OpenAIPolicy:
    """The served policy, through the API of completions."""
    return connect(tiny_address, "tiny", template=EMBEDDED_POLICY)


def greedy(prompt: str, count: int = 1) -> list[StepRequest]:
    return [StepRequest(prompt, 0, f"0.{i}", 24, Sampling(temperature=0.0), written_from=15) for i in range(count)]


@pytest.mark.parametrize("settings", [{}, {"stream": False}, {"api": "chat"}, {"api": "chat", "stream": False}])
def test_a_greedy_sample_is_the_policys_own(tiny: TransformersPolicy, tiny_address: str, settings: Any) -> None:
    remote = connect(tiny_address, "tiny", template=EMBEDDED_POLICY, **settings)
    for prompt in (f"{PROBLEM}\n", f"{PROBLEM}\n11 - 3 = 8 (left: 5 7 8)\n"):
        (ours,) = asyncio.run(tiny.generate(greedy(prompt)))
        (theirs,) = asyncio.run(remote.generate(greedy(prompt)))
        assert (theirs.text, theirs.finish, theirs.tokens) == (ours.text, ours.finish, ours.tokens)
        assert (theirs.logprobs, theirs.prompt_tokens) == (ours.logprobs, ours.prompt_tokens)


def test_logprobs_are_those_of_the_model(tiny_folder: Path, remote: OpenAIPolicy) -> None:
    """Recomputed with transformers' own forward pass from the text alone."""
    requests = [StepRequest(f"{PROBLEM}\n", 4, f"0.{i}", 24, Sampling(1.0), written_from=15) for i in range(8)]
    samples = asyncio.run(remote.generate(requests))
    assert len({sample.text for sample in samples}) > 1
    tokenization = Tokenization(tiny_folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float64).eval()
    checked = 0
    for sample in samples:
        prompt = [tokenization.begin_id, *tokenization.encode(f"{PROBLEM}\n")]
        assert tokenization.end_id is not None
        ends: dict[str, list[int]] = {"step": tokenization.encode("\n"), "end": [tokenization.end_id]}
        written = tokenization.encode(sample.text) + ends.get(sample.finish, [])
        if len(written) != sample.tokens:  # a random model writes what no tokenizer would: other tokens, same text
            continue
        with torch.no_grad():
            logits = model(torch.tensor([prompt + written])).logits[0]
        expected = torch.log_softmax(logits, -1)[range(len(prompt) - 1, len(prompt) + len(written) - 1), written]
        assert list(sample.logprobs) == pytest.approx(expected.tolist(), abs=2e-5)
        checked += 1
    assert checked >= 2


@pytest.mark.parametrize("algorithm", ["beam", "mcts", "majority"])
def test_strategies_run_over_http_and_replay_from_their_journals(remote: OpenAIPolicy, algorithm: str) -> None:
    spec = RunSpec.model_validate(
        {"problem": {"text": PROBLEM}, "algorithm": algorithm, "reward": "exact", "seed": 3,
         "policy": "remote", "budget": {"tokens": 600}, "sampling": {"max_step_tokens": 24}}
    )  # fmt: skip
    reward = ExactReward()
    header = header_of(spec, remote, reward)
    events: list[Event] = []
    done = asyncio.run(
        run_search(header, policy=remote, reward=reward, sink=lambda *event: events.append(Event(*event)))
    )
    assert done.tree.counters.tokens <= 600
    generated = [event.payload for event in events if event.kind == "generate"]
    assert generated
    told = sum(sample["tokens"] for payload in generated for sample in payload["samples"])
    assert done.tree.counters.tokens == told
    read = [request["prompt_tokens"] for payload in generated for request in payload["requests"]]
    assert read[0] == min(read) == 13  # <bos>, 3 5 7 11 with their spaces, the arrow, 2, 4 and the newline
    node = next(node for node in done.tree.nodes if node.parents and node.tokens)
    assert node.logprob is not None
    assert math.isclose(node.logprob, sum(node.logprobs))
    again = asyncio.run(run_search(header, events, policy=None, reward=None, replay_finished=True))
    assert again.tree.as_dict() == done.tree.as_dict()


def test_paths_in_lockstep_count_tokens_that_have_no_ids(remote: OpenAIPolicy) -> None:
    """Rounds of 5 tokens over HTTP: 12 tokens each are 5 + 5 + 2, whatever the server tells of their ids."""
    step = StepRequest(f"{PROBLEM}\n", 3, "0.0", 24, Sampling(0.0, stop=("never",)), written_from=15)
    paths = [PathRequest(step, steps=2, tokens=12, step_cap=24), PathRequest(step, steps=2, tokens=4, step_cap=24)]
    (long,), (short,) = asyncio.run(decode_in_rounds(remote, paths, Leash(), round_tokens=5))
    assert [(s.tokens, len(s.logprobs), s.finish) for s in (long, short)] == [(12, 12, "chunk"), (4, 4, "chunk")]
    assert long.text.startswith(short.text)
    assert long.token_ids == ()


async def _generating(policy: TransformersPolicy) -> None:
    forwards = policy.occupancy.forwards
    while True:
        if policy.occupancy.forwards > forwards:
            return
        await asyncio.sleep(0.005)


def test_an_abort_reaches_the_engine(tiny: TransformersPolicy, remote: OpenAIPolicy) -> None:
    """The engine stops long before the 22,000 tokens that were asked for."""

    async def act() -> list[str]:
        cancellation = Cancellation()
        endless = [StepRequest(f"{PROBLEM}\n", 1, f"0.{i}", 110, Sampling(1.0), until_end=True) for i in range(200)]
        task = asyncio.ensure_future(remote.generate(endless, cancellation))
        await asyncio.wait_for(_generating(tiny), 30)
        cancellation.request()
        return [sample.finish for sample in await task]

    finishes = asyncio.run(act())
    assert "aborted" in finishes
    # What hangs in the engine would keep it busy; it is idle at once, and serves the next request.
    (sample,) = asyncio.run(remote.generate(greedy(f"{PROBLEM}\n")))
    assert sample.tokens
    assert tiny.occupancy.tokens < 200 * 110 / 2


def test_another_model_name_is_refused_with_what_there_is(tiny_address: str) -> None:
    with pytest.raises(PolicyError, match="It serves no model 'llama', but tiny: mend `model`"):
        asyncio.run(connect(tiny_address, "llama").generate(greedy("1\n")))


def test_an_unreadable_prompt_is_refused_in_the_servers_words(remote: OpenAIPolicy) -> None:
    with pytest.raises(PolicyError, match="tiny cannot read the prompt: the character 'é' at position 0"):
        asyncio.run(remote.generate(greedy("é\n")))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_both_names_of_the_token_limit_hold(tiny_address: str, name: str) -> None:
    """Chat clients have taken to the second."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": PROBLEM}], name: 3, "temperature": 0}
    said = httpx2.post(f"{tiny_address}/chat/completions", json=body).json()
    assert (said["usage"]["completion_tokens"], said["choices"][0]["finish_reason"]) == (3, "length")
