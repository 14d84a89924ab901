"""Paths in lockstep: the engine stops them at the very token, whoever shares the batch, and stops computing them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.policies.base import Cancellation, PolicyError, Sampling, StepRequest, StepSample
from search.policies.lockstep import Leash, PathRequest, decode, decode_in_rounds
from search.policies.transformers import TransformersPolicy
from search.templates import EMBEDDED_POLICY

PROMPT = "3 5 7 11 -> 24\n"
CAP = 24
WARM = Sampling(temperature=1.0, max_step_tokens=CAP)


def path(
    key: str, steps: int = 6, tokens: int = 80, prompt: str = PROMPT, seed: int = 1, cap: int = CAP
) -> PathRequest:
    """A path from the problem on."""
    return PathRequest(StepRequest(prompt, seed, key, cap, WARM), steps, tokens, cap)


def total(steps: Sequence[StepSample]) -> int:
    """Tokens of a path."""
    return sum(step.tokens for step in steps)


def whole(policy: TransformersPolicy, request: PathRequest) -> list[StepSample]:
    """The path that is sampled step by step, as strategies without lockstep do."""
    steps, asked = [], request.step
    for _ in range(request.steps):
        (step,) = asyncio.run(policy.generate([asked]))
        steps.append(step)
        if step.finish != "step":
            break
        before = asked.prefix_ids or policy.encode(asked.prompt)
        asked = asked._replace(prefix_ids=before + step.token_ids, key=f"{asked.key}.0")
    return steps


def test_a_path_is_the_same_text_as_its_steps_asked_for_one_by_one(policy: TransformersPolicy) -> None:
    requests = [path(f"0.{i}", tokens=10_000, steps=4) for i in range(8)]
    paths = asyncio.run(decode(policy, requests, Leash()))
    assert paths == [whole(policy, request) for request in requests]
    assert max(map(len, paths)) > 1


def test_chunks_change_nothing_about_what_is_written(policy: TransformersPolicy) -> None:
    """Seven tokens, and then the rest: the rest of a step goes on in its stream of random numbers."""
    full = whole(policy, path("0.3", steps=4))
    for tokens in range(1, total(full)):
        (begun,) = asyncio.run(decode(policy, [path("0.3", steps=4, tokens=tokens)], Leash()))
        assert total(begun) == tokens
        ids = tuple(token for step in begun for token in step.token_ids)
        last = begun[-1]
        assert last.finish == ("chunk" if tokens not in _ends(full) else "step")
        drawn = last.tokens if last.finish == "chunk" else 0
        key = "0.3" + ".0" * (len(begun) - (last.finish == "chunk"))
        rest = StepRequest("", 1, key, CAP - drawn, WARM, policy.encode(PROMPT) + ids, drawn=drawn)
        (ended,) = asyncio.run(decode(policy, [PathRequest(rest, 4, 80, CAP)], Leash()))
        assert ids + tuple(token for step in ended for token in step.token_ids) == tuple(
            token for step in full for token in step.token_ids
        )


def _ends(steps: Sequence[StepSample]) -> list[int]:
    return [total(steps[: i + 1]) for i in range(len(steps))]


def test_a_race_stops_everyone_at_the_token_of_the_mth_to_finish(policy: TransformersPolicy) -> None:
    requests = [path(f"0.{i}", cap=110, tokens=110) for i in range(24)]
    alone = asyncio.run(decode(policy, requests, Leash()))
    ends = sorted(total(steps) for steps in alone if steps[-1].finish == "end")
    assert len(ends) > 5
    for first in (1, 3):
        before = policy.occupancy.tokens
        raced = asyncio.run(decode(policy, requests, Leash(first=first)))
        moment = ends[first - 1]
        for steps, undisturbed in zip(raced, alone, strict=True):
            assert total(steps) == min(moment, total(undisturbed))
            assert [t for s in steps for t in s.token_ids] == [t for s in undisturbed for t in s.token_ids][:moment]
            ended = total(undisturbed) <= moment
            assert steps[-1].finish in ((undisturbed[-1].finish,) if ended else ("aborted", "step"))
        assert policy.occupancy.tokens - before == sum(map(total, raced)) < sum(map(total, alone))


def test_an_aborted_path_costs_no_further_row(policy: TransformersPolicy) -> None:
    """A forward pass feeds rows; after the race is over there is none. Cold samples share no row."""
    requests = [path(f"0.{i}") for i in range(24)]
    before = policy.occupancy.forwards, policy.occupancy.rows
    raced = asyncio.run(decode(policy, requests, Leash(first=1)))
    passes = policy.occupancy.forwards - before[0]
    assert passes == max(map(total, raced))
    written = [tuple(token for step in steps for token in step.token_ids) for steps in raced]
    distinct = {ids[:length] for ids in written for length in range(len(ids))}
    assert policy.occupancy.rows - before[1] == len(distinct)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_neighbours_and_places_change_nothing(data: st.DataObject, policy_folder: Path) -> None:
    """Against the definition (rounds of one token, alone), with random allowances, leashes and neighbours."""
    count = data.draw(st.integers(1, 9))
    requests = [
        path(f"0.{i}", steps=data.draw(st.integers(1, 5)), tokens=data.draw(st.integers(1, 70))) for i in range(count)
    ]
    optional = st.none() | st.integers(count, 5 * count)
    leash = Leash(
        first=data.draw(st.none() | st.integers(1, 3)),
        abort=data.draw(st.booleans()),
        tokens=data.draw(st.none() | st.integers(count, 60 * count)),
        steps=data.draw(optional),
    )
    alone = TransformersPolicy("alone", policy_folder, EMBEDDED_POLICY, dtype="float64")
    crowded = TransformersPolicy("crowded", policy_folder, EMBEDDED_POLICY, dtype="float64", slots=12)
    ids = alone.encode(PROMPT)  # given always: rounds join texts, which a random policy's tokens do not survive
    requests = [replace(request, step=request.step._replace(prefix_ids=ids)) for request in requests]
    others = [path(f"n{i}", seed=i, prompt="1 2 -> 3\n") for i in range(data.draw(st.integers(0, 12)))]

    async def together() -> list[list[StepSample]]:
        before = asyncio.create_task(crowded.generate([other.step for other in others]))
        race = asyncio.create_task(crowded.decode(others[:5], Leash(first=2)))
        await asyncio.sleep(data.draw(st.sampled_from([0.0, 0.004])))
        result = asyncio.create_task(crowded.decode(requests, leash))
        after = asyncio.create_task(crowded.generate([other.step for other in others[::2]]))
        await asyncio.gather(before, after, race)
        return await result

    try:
        expected = asyncio.run(decode_in_rounds(alone, requests, leash, round_tokens=1))
        assert asyncio.run(together()) == expected
        assert leash.tokens is None or sum(map(total, expected)) <= leash.tokens
        assert leash.steps is None or sum(map(len, expected)) <= leash.steps
    finally:
        alone.close()
        crowded.close()


async def test_a_withdrawn_path_is_aborted_and_the_others_go_on(policy: TransformersPolicy) -> None:
    requests = [path(f"0.{i}", steps=20, tokens=100) for i in range(6)]
    alone = await policy.decode(requests, Leash())
    cancellation = Cancellation()
    cancellation.withdraw([1, 4])
    before = policy.occupancy.tokens
    paths = await policy.decode(requests, Leash(), cancellation)
    assert [steps[-1].finish for at, steps in enumerate(paths) if at in (1, 4)] == ["aborted"] * 2
    assert [steps for at, steps in enumerate(paths) if at not in (1, 4)] == [
        steps for at, steps in enumerate(alone) if at not in (1, 4)
    ]
    assert (
        policy.occupancy.tokens - before
        == sum(map(total, paths))
        == sum(map(total, alone)) - total(alone[1]) - total(alone[4])
    )


async def test_a_cancelled_race_comes_back_with_what_it_has(policy: TransformersPolicy) -> None:
    cancellation = Cancellation()
    endless = Sampling(temperature=1.0, stop=())
    requests = [PathRequest(StepRequest(PROMPT, 1, f"0.{i}", 110, endless), 9, 500, 110) for i in range(100)]
    task = asyncio.create_task(policy.decode(requests, Leash(), cancellation))
    while not policy.occupancy.tokens:  # noqa: ASYNC110 - counted on the engine's thread: no event to await
        await asyncio.sleep(0.001)
    cancellation.request()
    paths = await task
    assert {steps[-1].finish for steps in paths} >= {"aborted"}
    assert sum(map(total, paths)) == policy.occupancy.tokens


def test_more_paths_than_places_are_refused_by_name(policy_folder: Path) -> None:
    few = TransformersPolicy("few", policy_folder, EMBEDDED_POLICY, dtype="float64", slots=5)
    with pytest.raises(PolicyError, match="few: 6 paths are to run in lockstep and the engine has 5 places"):
        asyncio.run(few.decode([path(f"0.{i}") for i in range(6)], Leash()))
    assert len(asyncio.run(few.decode([path(f"0.{i}") for i in range(5)], Leash(first=1)))) == 5
    few.close()
