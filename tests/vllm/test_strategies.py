"""The same strategies through vLLM in process and through its server, policy and reward, on the embedded weights."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from search.batching import URGENT
from search.events import Event
from search.models import load_policy
from search.policies.base import Cancellation, Policy, PolicyError, Sampling, StepRequest
from search.policies.openai import OpenAIPolicy
from search.policies.vllm import VllmPolicy
from search.rewards.base import Reward
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


@pytest.fixture
def reward(request: pytest.FixtureRequest, policy: Policy) -> Reward:
    """In the process where the policy is in it, served where it is served."""
    found: Reward = request.getfixturevalue("prm_served" if isinstance(policy, OpenAIPolicy) else "prm_inside")
    return found


@pytest.mark.parametrize("algorithm", ["best_of_n", "beam", "mcts", "particle_filter"])
def test_a_strategy_runs_and_replays(policy: Policy, reward: Reward, algorithm: str) -> None:
    spec = RunSpec.model_validate(
        {"problem": {"text": PROBLEM}, "algorithm": algorithm, "seed": 3, "policy": policy.name,
         "reward": reward.name, "budget": {"tokens": 1500}}
    )  # fmt: skip
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
    scored = [event.payload for event in events if event.kind == "score"]
    assert done.tree.counters.reward_calls == sum(payload["calls"] for payload in scored) > 0
    assert all(0 < score < 1 for payload in scored for _, score in payload["scores"])
    again = asyncio.run(run_search(header, events, policy=None, reward=None, replay_finished=True))
    assert again.tree.as_dict() == done.tree.as_dict()


def test_entropies_are_those_of_our_own_engine(inside: VllmPolicy) -> None:
    """The whole distribution of every token, in float32: entropies to 1e-3, the mean certainty too."""
    requests = [StepRequest(prompt(inside), 0, "0.0", 40, Sampling(temperature=0.0))]
    [mine] = asyncio.run(load_policy().generate(requests))
    [theirs] = asyncio.run(inside.generate(requests))
    assert len(theirs.entropies) == theirs.tokens == mine.tokens
    assert theirs.entropies == pytest.approx(mine.entropies, abs=1e-3)
    assert theirs.certainty == pytest.approx(mine.certainty, abs=1e-3)
    assert inside.describe()["certainty"] is True


@pytest.fixture
def swift(inside: VllmPolicy, monkeypatch: pytest.MonkeyPatch) -> VllmPolicy:
    """Without entropies: what reads whole distributions here can fall behind vLLM, and then an answer comes late."""
    monkeypatch.setattr(inside, "_entropies", False)
    return inside


def test_an_abort_leaves_the_engine_with_what_was_written(swift: VllmPolicy) -> None:
    """A withdrawn sample is aborted alone, a cancel aborts all; then no request holds a block of vLLM's cache."""

    async def act() -> Any:
        sampling = Sampling(1.0, stop=("never",))
        cancellation = Cancellation()
        requests = [StepRequest(prompt(swift), 1, f"0.{i}", 200, sampling) for i in range(64)]
        task = asyncio.ensure_future(swift.generate(requests, cancellation))
        assert await comes_to(swift, True)
        cancellation.withdraw([3])
        cancellation.request()
        return await task, await comes_to(swift, False)

    samples, left = asyncio.run(act())
    aborted = [sample for sample in samples if sample.finish == "aborted"]
    assert aborted
    assert all(len(sample.logprobs) == sample.tokens < 200 for sample in aborted)
    assert swift.engine.unfinished == 0
    assert left


def test_who_does_not_wait_any_more_leaves_the_engine(swift: VllmPolicy) -> None:
    async def act() -> bool:
        sampling = Sampling(1.0, stop=("never",))
        requests = [StepRequest(prompt(swift), 2, f"0.{i}", 200, sampling) for i in range(16)]
        task = asyncio.ensure_future(swift.generate(requests))
        assert await comes_to(swift, True)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await comes_to(swift, False)  # vLLM hears of it a moment later

    assert asyncio.run(act())
    assert swift.engine.unfinished == 0


def test_who_waits_comes_first(swift: VllmPolicy) -> None:
    """32 places, 96 samples that nobody waits for, then one that a person waits for: it is not the last."""
    done: list[str] = []

    async def one(key: str, urgent: bool) -> None:
        URGENT.set(urgent)
        sampling = Sampling(1.0, stop=("never",))
        await swift.generate([StepRequest(prompt(swift), 4, key, 30, sampling, until_end=True)])
        done.append(key)

    async def act() -> None:
        patient = [asyncio.ensure_future(one(f"patient.{i}", False)) for i in range(96)]
        assert await comes_to(swift, True)
        await asyncio.gather(*patient, one("urgent", True))

    asyncio.run(act())
    assert len(done) == 97
    assert done.index("urgent") < 80


async def comes_to(policy: VllmPolicy, held: bool) -> bool:
    """Wait until the engine works (or does not); False after some thousand looks."""
    for _ in range(3000):
        if await holds_blocks(policy) is held:
            return True
        await asyncio.sleep(0.01)
    return False


async def holds_blocks(policy: VllmPolicy) -> bool:
    """Whether a request in vLLM's core has blocks of its cache: then the cache cannot be emptied."""

    async def emptied() -> bool:
        engine = await policy.engine.alive()
        return bool(await engine.reset_prefix_cache())

    return not await policy.engine.ask(emptied())


def test_prefixes_are_kept(inside: VllmPolicy) -> None:
    async def config() -> Any:
        return (await inside.engine.alive()).vllm_config

    assert asyncio.run(inside.engine.ask(config())).cache_config.enable_prefix_caching is True


def test_an_argument_that_vllm_does_not_have_is_named(inside: VllmPolicy) -> None:
    from search.models import WEIGHTS
    from search.templates import EMBEDDED_POLICY

    with pytest.raises(PolicyError, match=r"wrong: vLLM does not start: .*max_modle_len"):
        VllmPolicy("wrong", WEIGHTS / "policy", EMBEDDED_POLICY, max_modle_len=5)
