"""The same strategies through vLLM in process and through its OpenAI server, on the embedded weights."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from search.events import Event
from search.models import load_policy, load_reward
from search.policies.base import Cancellation, Policy, PolicyError, Sampling, StepRequest
from search.policies.openai import OpenAIPolicy
from search.policies.vllm import VllmPolicy
from search.run import run_search
from search.spec import RunSpec, header_of

PROBLEM = "3 5 7 11 -> 24"


@pytest.fixture(params=["inside", "served"])
def policy(request: pytest.FixtureRequest) -> Policy:
    found: Policy = request.getfixturevalue(request.param)
    return found


def prompt(policy: Policy, *steps: str) -> str:
    begin = "<bos>" if isinstance(policy, OpenAIPolicy) else ""
    return begin + "".join(f"{line}\n" for line in (PROBLEM, *steps))


def test_greedy_steps_are_those_of_our_own_engine(policy: Policy) -> None:
    """float32 in vLLM against float64 in ours: the same text, logprobs to 1e-3."""
    ours = load_policy()
    greedy = Sampling(temperature=0.0)
    paths: list[tuple[str, ...]] = [(), ("11 - 3 = 8 (left: 5 7 8)",), ("7 + 5 = 12 (left: 3 11 12)",)]
    expected = asyncio.run(ours.generate([StepRequest(prompt(ours, *path), 0, "0.0", 40, greedy) for path in paths]))
    found = asyncio.run(policy.generate([StepRequest(prompt(policy, *path), 0, "0.0", 40, greedy) for path in paths]))
    for mine, theirs in zip(expected, found, strict=True):
        assert (theirs.text, theirs.finish, theirs.tokens) == (mine.text, mine.finish, mine.tokens)
        assert theirs.logprobs == pytest.approx(mine.logprobs, abs=1e-3)
        assert theirs.prompt_tokens == mine.prompt_tokens


def test_a_solution_ends_and_a_cap_cuts(policy: Policy) -> None:
    greedy = Sampling(temperature=0.0)
    ending = prompt(policy, "11 + 3 = 14 (left: 5 7 14)", "14 + 5 = 19 (left: 7 19)", "19 + 7 = 26 (left: 26)")
    requests = [
        StepRequest(ending, 0, "0.0", 60, greedy),
        StepRequest(prompt(policy), 0, "0.1", 5, greedy),
        StepRequest(prompt(policy), 0, "0.2", 5, greedy, cut_by_budget=True),
    ]
    samples = asyncio.run(policy.generate(requests))
    assert [sample.finish for sample in samples] == ["end", "length", "budget"]
    assert samples[0].text.startswith("answer:")
    assert [sample.tokens for sample in samples[1:]] == [5, 5]


@pytest.mark.parametrize("algorithm", ["best_of_n", "beam", "mcts", "particle_filter"])
def test_a_strategy_runs_and_replays(policy: Policy, algorithm: str) -> None:
    spec = RunSpec.model_validate(
        {"problem": {"text": PROBLEM}, "algorithm": algorithm, "seed": 3, "policy": policy.name,
         "budget": {"tokens": 1500}}
    )  # fmt: skip
    reward = load_reward()
    header = header_of(spec, policy, reward)
    events: list[Event] = []
    done = asyncio.run(
        run_search(header, policy=policy, reward=reward, sink=lambda *event: events.append(Event(*event)))
    )
    assert done.state == "completed"
    assert done.node is not None
    assert 0 < done.tree.counters.tokens <= 1500
    written = [sample for event in events if event.kind == "generate" for sample in event.payload["samples"]]
    assert all(len(sample["logprobs"]) == sample["tokens"] for sample in written)
    again = asyncio.run(run_search(header, events, policy=None, reward=None, replay_finished=True))
    assert again.tree.as_dict() == done.tree.as_dict()


def test_an_abort_leaves_the_engine_with_what_was_written(inside: VllmPolicy) -> None:
    """A cancel aborts all; a withdrawn sample is aborted alone."""

    async def act() -> Any:
        sampling = Sampling(1.0, stop=("never",))
        cancellation = Cancellation()
        requests = [StepRequest(prompt(inside), 1, f"0.{i}", 200, sampling) for i in range(64)]
        task = asyncio.ensure_future(inside.generate(requests, cancellation))
        await asyncio.sleep(0.3)
        cancellation.request()
        began = time.monotonic()
        samples = await task
        return samples, time.monotonic() - began

    samples, took = asyncio.run(act())
    assert took < 1.0
    aborted = [sample for sample in samples if sample.finish == "aborted"]
    assert aborted
    assert all(len(sample.logprobs) == sample.tokens < 200 for sample in aborted)
    assert inside._engine.get_num_unfinished_requests() == 0


def test_prefixes_are_kept(inside: VllmPolicy) -> None:
    assert inside._engine.vllm_config.cache_config.enable_prefix_caching is True


def test_an_argument_that_vllm_does_not_have_is_named(inside: VllmPolicy) -> None:
    from search.models import WEIGHTS
    from search.templates import EMBEDDED_POLICY

    with pytest.raises(PolicyError, match=r"wrong: vLLM does not start: .*max_modle_len"):
        VllmPolicy("wrong", WEIGHTS / "policy", EMBEDDED_POLICY, max_modle_len=5)
