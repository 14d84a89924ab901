"""Continuous batching: endings, caps, aborts, errors, and what neighbours and kept prefixes may not change."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import LlamaForCausalLM

from search.models import catalogue, load_policy
from search.policies.base import Cancellation, PolicyError, Sampling, StepRequest, StepSample
from search.policies.transformers import TransformersPolicy
from search.randomness import uniform
from search.templates import EMBEDDED_POLICY

PROMPT = "3 5 7 11 -> 24\n"
NEWLINE, END = 20, 2
BASE = Sampling(temperature=1.0, max_step_tokens=24)


def wanted(key: str, prompt: str = PROMPT, seed: int = 1, max_tokens: int = 24, **changes: object) -> StepRequest:
    """A request with the usual settings."""
    sampling = changes.pop("sampling", BASE)
    assert isinstance(sampling, Sampling)
    return StepRequest(prompt, seed, key, max_tokens, sampling, **changes)  # type: ignore[arg-type]


def generate(policy: TransformersPolicy, requests: list[StepRequest]) -> list[StepSample]:
    """Run one call to its end."""
    return asyncio.run(policy.generate(requests))


async def under_way(policy: TransformersPolicy) -> None:
    """Return once the engine has drawn its first token."""
    while not policy.occupancy.tokens:  # noqa: ASYNC110 - counted on the engine's thread: no event to await
        await asyncio.sleep(0.001)


def reference(
    folder: Path, request: StepRequest, ids: tuple[int, ...]
) -> tuple[list[int], list[float], list[float], float]:
    """The sample by definition: one sequence, no cache, softmax and inverse CDF written out."""
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    sequence, tokens, logprobs, entropies, divergences = list(ids), [], [], [], []
    with torch.inference_mode():
        while len(tokens) < request.max_tokens:
            own = torch.log_softmax(model(input_ids=torch.tensor([sequence])).logits[0, -1], -1)
            scaled = torch.softmax(own / request.sampling.temperature, -1)
            u, token, total = uniform(request.seed, request.key, len(tokens)), 0, float(scaled[0])
            while total <= u:
                token += 1
                total += float(scaled[token])
            tokens.append(token)
            logprobs.append(float(own[token]))
            entropies.append(float(torch.distributions.Categorical(logits=own).entropy()))
            uniform_distribution = torch.full_like(own, 1 / len(own))
            divergences.append(float(torch.nn.functional.kl_div(own, uniform_distribution, reduction="sum")))
            sequence.append(token)
            if token in (NEWLINE, END):
                break
    return tokens, logprobs, entropies, sum(divergences) / len(divergences)


def test_samples_are_what_the_definition_says(policy: TransformersPolicy, policy_folder: Path) -> None:
    requests = [wanted(f"0.{i}", seed=seed) for seed in (1, 2) for i in range(4)]
    for request, sample in zip(requests, generate(policy, requests), strict=True):
        tokens, logprobs, entropies, certainty = reference(policy_folder, request, policy.encode(PROMPT))
        assert list(sample.token_ids) == tokens
        assert sample.logprobs == pytest.approx(logprobs, abs=1e-4)  # transformers' norms are float32
        assert sample.entropies == pytest.approx(entropies, abs=2e-4)
        assert sample.certainty == pytest.approx(certainty, abs=1e-4)
        assert sample.certainty == round(sample.certainty or 0.0, 6)


def test_endings_and_text(policy: TransformersPolicy) -> None:
    samples = generate(policy, [wanted(f"0.{i}") for i in range(60)])
    endings = {sample.finish for sample in samples}
    assert endings == {"step", "end", "length"}
    for sample in samples:
        last, before = sample.token_ids[-1], sample.token_ids[:-1]
        assert not {NEWLINE, END} & set(before)
        assert (sample.finish == "step") == (last == NEWLINE)
        assert (sample.finish == "end") == (last == END)
        assert len(sample.token_ids) == 24 or sample.finish != "length"
        assert "\n" not in sample.text
        assert "<eos>" not in sample.text
        written = before if sample.finish in ("step", "end") else sample.token_ids
        assert sample.text == "".join(policy.token_texts(written))
        assert sample.tokens == len(sample.logprobs) == len(sample.token_ids)
        assert sample.prompt_tokens == policy.prompt_tokens(PROMPT) == len(policy.encode(PROMPT))
        assert all(logprob <= 0 and logprob == round(logprob, 6) for logprob in sample.logprobs)


def test_a_cap_set_by_the_budget_ends_as_budget(policy: TransformersPolicy) -> None:
    short = [wanted(f"0.{i}", max_tokens=2, cut_by_budget=cut) for i in range(20) for cut in (False, True)]
    samples = generate(policy, short)
    full = [(s.finish, r.cut_by_budget) for r, s in zip(short, samples, strict=True) if s.finish not in ("step", "end")]
    assert {ending for ending, _ in full} == {"budget", "length"}
    assert all((ending == "budget") == cut for ending, cut in full)
    assert all(sample.tokens <= 2 for sample in samples)


def test_until_end_reads_over_delimiters(policy: TransformersPolicy) -> None:
    samples = generate(policy, [wanted(f"0.r{i}", max_tokens=80, until_end=True) for i in range(20)])
    assert any("\n" in sample.text for sample in samples)
    assert all(sample.finish in ("end", "length") for sample in samples)


def test_temperature_zero_is_argmax_and_needs_no_seed(policy: TransformersPolicy, policy_folder: Path) -> None:
    greedy = Sampling(temperature=0.0, max_step_tokens=12)
    first, second = generate(policy, [wanted("0.0", sampling=greedy, max_tokens=12, seed=s) for s in (1, 99)])
    assert first == second
    model = LlamaForCausalLM.from_pretrained(policy_folder, dtype=torch.float64).eval()
    sequence = list(policy.encode(PROMPT))
    for token in first.token_ids:
        assert token == int(model(input_ids=torch.tensor([sequence])).logits[0, -1].argmax())
        sequence.append(token)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), neighbours=st.sampled_from([0, 1, 7, 31]), slots=st.sampled_from([3, 16, 64]))
def test_neighbours_change_nothing(data: st.DataObject, neighbours: int, slots: int, policy_folder: Path) -> None:
    """The same seed gives the same samples, whoever shares the batch, arrives later or leaves early."""
    alone = TransformersPolicy("alone", policy_folder, EMBEDDED_POLICY, dtype="float64")
    crowded = TransformersPolicy("crowded", policy_folder, EMBEDDED_POLICY, dtype="float64", slots=slots)
    prompts = st.text(st.sampled_from("0123456789 +-*/=\n"), min_size=1, max_size=50)
    watched = [wanted("0.0"), wanted("0.1"), wanted("0.0.0", prompt=data.draw(prompts)), wanted("0.2", max_tokens=60)]
    others = [
        wanted(f"n{i}", prompt=data.draw(prompts), seed=i, max_tokens=data.draw(st.integers(1, 60)))
        for i in range(neighbours)
    ]

    async def together() -> list[StepSample]:
        before = [asyncio.create_task(crowded.generate([other])) for other in others[::2]]
        await asyncio.sleep(data.draw(st.sampled_from([0.0, 0.005])))
        result = asyncio.create_task(crowded.generate(watched))
        await asyncio.sleep(0.002)
        after = [asyncio.create_task(crowded.generate([other])) for other in others[1::2]]
        if before:
            before[0].cancel()
        await asyncio.gather(*before, *after, return_exceptions=True)
        return await result

    try:
        assert generate(alone, watched) == asyncio.run(together())
    finally:
        alone.close()
        crowded.close()


def test_a_kept_prefix_changes_nothing_and_is_used(policy: TransformersPolicy, policy_folder: Path) -> None:
    parents = [sample for sample in generate(policy, [wanted(f"0.{i}") for i in range(40)]) if sample.finish == "step"]
    children = [wanted(f"0.{i}.0", prompt=f"{PROMPT}{parent.text}\n") for i, parent in enumerate(parents)]
    before = policy.occupancy.reused_tokens
    warm = generate(policy, children)
    assert policy.occupancy.reused_tokens - before > 0.5 * sum(sample.prompt_tokens for sample in warm)
    cold = TransformersPolicy("cold", policy_folder, EMBEDDED_POLICY, dtype="float64", prefix_mb=0)
    assert generate(cold, children) == warm
    assert cold.occupancy.reused_tokens == 0
    own_ids = [
        wanted(f"0.{i}.0", prompt="", prefix_ids=policy.encode(PROMPT) + parent.token_ids)
        for i, parent in enumerate(parents)
    ]
    written_alike = [policy.encode(r.prompt) == o.prefix_ids for r, o in zip(children, own_ids, strict=True)]
    samples = generate(cold, own_ids)
    assert any(written_alike)
    assert all(a == b for a, b, alike in zip(samples, warm, written_alike, strict=True) if alike)
    cold.close()


def test_samples_of_one_prompt_share_its_prefill(policy: TransformersPolicy) -> None:
    generate(policy, [wanted(f"0.{i}") for i in range(30)])
    assert policy.occupancy.prefill_tokens == len(policy.encode(PROMPT)) - 1


def test_samples_share_a_row_until_they_part(policy: TransformersPolicy) -> None:
    samples = generate(policy, [wanted(f"0.{i}", sampling=Sampling(temperature=0.3)) for i in range(30)])
    ids = [sample.token_ids for sample in samples]
    distinct = {written[:length] for written in ids for length in range(len(written))}
    assert policy.occupancy.tokens == sum(len(written) for written in ids)
    assert policy.occupancy.rows == len(distinct) < 0.9 * policy.occupancy.tokens


def test_more_samples_than_slots_all_come_back_in_order(policy_folder: Path) -> None:
    few = TransformersPolicy("few", policy_folder, EMBEDDED_POLICY, dtype="float64", slots=5)
    many = TransformersPolicy("many", policy_folder, EMBEDDED_POLICY, dtype="float64", slots=64)
    requests = [wanted(f"{i}", prompt=f"{i} 7 -> 24\n" if i % 3 else PROMPT) for i in range(40)]
    assert generate(few, requests) == generate(many, requests)
    assert few.occupancy.rows_per_forward <= 5
    few.close()
    many.close()


async def test_an_abort_takes_effect_at_the_next_token(policy: TransformersPolicy) -> None:
    endless = Sampling(temperature=1.0, stop=())
    cancellation = Cancellation()
    long = [wanted(f"0.{i}", sampling=endless, max_tokens=110, until_end=True) for i in range(600)]
    task = asyncio.create_task(policy.generate(long, cancellation))
    await under_way(policy)
    asked = time.monotonic()
    cancellation.request()
    samples = await task
    assert time.monotonic() - asked < 1.0
    aborted = [sample for sample in samples if sample.finish == "aborted"]
    assert len(aborted) > 200
    assert any(sample.tokens for sample in aborted)
    assert any(not sample.tokens for sample in aborted)  # those that had not got a slot yet
    assert all(sample.text == "".join(policy.token_texts(sample.token_ids)) for sample in aborted)
    assert [sample.finish for sample in await policy.generate([wanted("0.0", max_tokens=1)])] != ["aborted"]


async def test_a_cancelled_task_frees_its_rows(policy: TransformersPolicy) -> None:
    task = asyncio.create_task(policy.generate([wanted(f"0.{i}", max_tokens=110, until_end=True) for i in range(200)]))
    await under_way(policy)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await policy.generate([wanted("0.0", max_tokens=1)])
    settled = policy.occupancy.tokens
    await asyncio.sleep(0.1)
    assert policy.occupancy.tokens == settled


async def test_calls_of_many_searches_share_forward_passes(policy: TransformersPolicy) -> None:
    await asyncio.gather(*(policy.generate([wanted(f"{run}.{i}") for i in range(4)]) for run in range(8)))
    assert policy.occupancy.calls == 8
    assert policy.occupancy.rows_per_forward > 6
    assert policy.occupancy.forwards <= 2 * 24


class TestErrors:
    """Each names the model and what to mend; none disturbs the next call."""

    def test_a_character_outside_the_vocabulary(self, policy: TransformersPolicy) -> None:
        with pytest.raises(PolicyError, match=r"tiny cannot read the prompt: the character 'é' at position 2"):
            generate(policy, [wanted("0.0"), wanted("0.1", prompt="3 é -> 24\n")])
        assert generate(policy, [wanted("0.0")])

    def test_a_prompt_longer_than_the_context(self, policy: TransformersPolicy) -> None:
        with pytest.raises(PolicyError, match=r"tiny: the prompt has 201 tokens and the model reads 128"):
            generate(policy, [wanted("0.0", prompt="7" * 200)])

    def test_the_context_ends_a_sample_as_length(self, policy: TransformersPolicy) -> None:
        requests = [wanted(f"0.{i}", prompt="7" * 120, max_tokens=50, until_end=True) for i in range(20)]
        samples = generate(policy, requests)
        assert max(sample.tokens for sample in samples) == 7
        assert {sample.finish for sample in samples if sample.tokens == 7} <= {"length", "end"}

    def test_nan_logits(self, policy_folder: Path) -> None:
        policy = TransformersPolicy("poisoned", policy_folder, EMBEDDED_POLICY, dtype="float64")
        poison = policy.encode("@\n")[1]
        policy._slots._embedding[poison] = torch.nan  # type: ignore[attr-defined]

        async def both() -> list[list[StepSample] | BaseException]:
            bad = policy.generate([wanted("0.0", prompt="3 @ 4\n"), wanted("0.1")])
            greedy = Sampling(temperature=0.0)
            good = policy.generate([wanted("0.0", sampling=greedy, max_tokens=3) for _ in range(5)])
            return await asyncio.gather(bad, good, return_exceptions=True)

        bad, good = asyncio.run(both())
        assert isinstance(bad, PolicyError)
        assert "poisoned: the model's logits are NaN" in str(bad)
        assert isinstance(good, list)
        assert len(good) == 5
        policy.close()

    def test_a_folder_that_is_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(PolicyError, match="neither a known model"):
            load_policy(str(tmp_path))
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(PolicyError, match="holds no causal language model"):
            load_policy(str(tmp_path))

    def test_a_closed_engine(self, policy: TransformersPolicy) -> None:
        policy.close()
        with pytest.raises(PolicyError, match="tiny"):
            generate(policy, [wanted("0.0")])


@pytest.fixture(scope="module")
def embedded() -> None:
    if not all(entry["ready"] for entry in catalogue() if entry["slug"] == "embedded"):
        pytest.fail("the embedded weights are missing from search/demo/weights")


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize("neighbours", [0, 1, 7, 31])
async def test_the_embedded_policy_is_rerun_exact_among_neighbours(neighbours: int) -> None:
    policy = load_policy("embedded")
    assert policy.describe()["rerun_exact"] is True
    watched = [wanted(f"0.{i}", max_tokens=48) for i in range(4)]
    others = [wanted(f"x{i}", prompt=f"{i + 1} {i + 2} 9 -> 24\n", seed=i, max_tokens=48) for i in range(neighbours)]
    result, *_ = await asyncio.gather(policy.generate(watched), *(policy.generate([other]) for other in others))
    assert result == await policy.generate(watched)
    fresh = load_policy("embedded", slots=4, prefix_mb=0)
    assert result == await fresh.generate(watched)
