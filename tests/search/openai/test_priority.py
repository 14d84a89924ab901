"""A server that takes priorities: what a person waits for comes into its batches before an experiment's samples."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from search.batching import URGENT
from search.policies.base import Sampling, StepRequest
from search.policies.decoding import Decoder
from search.policies.transformers import TransformersPolicy
from search.serving.app import ServingApp
from search.templates import EMBEDDED_POLICY
from tests.search.openai.conftest import connect
from tests.support.http import serving


def requests(prompt: str, count: int) -> list[StepRequest]:
    return [StepRequest(f"{prompt}\n", 1, f"0.{i}", 6, Sampling(1.0), until_end=True) for i in range(count)]


async def patiently(work: Any) -> Any:
    """As in an experiment's run: nobody waits for it."""
    URGENT.set(False)
    return await work


@pytest.mark.parametrize("priority", [True, False])
def test_what_a_person_waits_for_overtakes_on_the_server(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, priority: bool
) -> None:
    """Four places, eight samples of an experiment, then four of a person; the engine begins when all are there."""
    go, computed = threading.Event(), list[set[bool]]()
    decode = Decoder._decode
    monkeypatch.setattr(Decoder, "start", lambda decoder: go.wait(20))

    def spied(decoder: Decoder) -> None:
        computed.append({sample.call.urgent for sample in decoder._samples.of})
        decode(decoder)

    monkeypatch.setattr(Decoder, "_decode", spied)
    policy = TransformersPolicy("tiny", tiny_folder, EMBEDDED_POLICY, dtype="float64", slots=4)

    async def there(count: int) -> None:
        while policy.occupancy.requests < count:  # noqa: ASYNC110 - counted on the server's thread: no event to await
            await asyncio.sleep(0.01)

    async def act() -> tuple[list[Any], list[Any]]:
        remote = connect(f"{address}/v1", "tiny", template=EMBEDDED_POLICY, priority=priority)
        batch = asyncio.create_task(patiently(remote.generate(requests("3 5 7 11 -> 24", 8))))
        await asyncio.wait_for(there(8), 20)
        person = asyncio.create_task(remote.generate(requests("2 3 6 10 -> 24", 4)))
        await asyncio.wait_for(there(12), 20)
        go.set()
        return await batch, await person

    try:
        with serving(ServingApp(policy)) as address:
            batch, person = asyncio.run(act())
    finally:
        go.set()
        policy.close()
    assert (len(batch), len(person)) == (8, 4)
    if priority:
        assert computed[0] == {True}
        assert computed[-1] == {False}
    else:
        assert set.union(*computed) == {True}  # a server that is told nothing takes everybody in turn
