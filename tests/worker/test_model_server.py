"""A run on a model server: it fails by the server's name, keeps its tree, and goes on once the server is mended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from app.explorer.models import Node, Run
from app.explorer.store.pool import Pool
from app.registry.services import builtin_models_ensure
from search.models import load_policy
from search.serving.app import ServingApp
from tests.support.http import serving
from tests.worker.driving import Make, NewWorker, give, journal

Ensure = Callable[[str], Awaitable[None]]


class Flaky:
    """The embedded policy's server, until it has answered so many requests; then it breaks, until it is mended."""

    def __init__(self, answers: int) -> None:
        self._serving = ServingApp(load_policy())
        self._left = answers
        self.mended = False

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if not self.mended and self._left == 0:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"Segmentation fault"})
            return
        self._left -= 1
        await self._serving(scope, receive, send)


@pytest.fixture
def server() -> Iterator[tuple[Flaky, str]]:
    """The application and its address."""
    app = Flaky(answers=2)
    with serving(app) as address:
        yield app, f"{address}/v1"


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ensure:
    """Point the policy `served` of the file of models at an address."""

    async def now(address: str) -> None:
        path = tmp_path / "models.toml"
        path.write_text(
            f'[policies.served]\nkind = "openai"\nbase_url = "{address}"\nmodel = "embedded"\nretries = 0\n'
        )
        monkeypatch.setenv("ESPALIER_MODELS", str(path))
        await sync_to_async(builtin_models_ensure)()

    return now


async def test_a_server_that_breaks_fails_the_run_which_goes_on_when_it_is_mended(
    db: Pool, make: Make, worker: NewWorker, server: tuple[Flaky, str], configure: Ensure
) -> None:
    app, address = server
    await configure(address)
    run = await make(algorithm="greedy_step", policy="served", reward="exact", seed=5)
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.stopped_by) == ("failed", "error")
    assert run.error
    assert run.error.startswith(f"served: the model server {address} answers what is not JSON: 'Segmentation fault'")
    assert "[policies.served] in" in run.error
    before = await journal(db, run.pk)
    assert sum(kind == "generate" for _, kind, _ in before) == 2
    assert await Node.objects.filter(run=run).acount() == run.nodes > 2
    app.mended = True
    await give(run, "resume")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.error) == ("completed", None)
    assert (await journal(db, run.pk))[: len(before)] == before


async def test_a_wrong_address_is_mended_in_the_file_without_a_restart(
    db: Pool, make: Make, worker: NewWorker, server: tuple[Flaky, str], configure: Ensure
) -> None:
    app, address = server
    app.mended = True
    await configure("http://127.0.0.1:9/v1")
    run = await make(algorithm="greedy", policy="served", reward="exact", seed=5)
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert run.state == "failed"
    assert run.error
    assert "http://127.0.0.1:9/v1 cannot be reached" in run.error
    await configure(address)
    await give(run, "resume")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.error) == ("completed", None)
    assert run.tokens > 0
