"""What tests of the worker do with runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async

from app.explorer.models import Run
from app.explorer.services import command_create
from app.explorer.store.load import journal_of
from app.explorer.store.pool import Pool
from app.explorer.store.reading import aread
from app.worker.station import Station

LONG = {"algorithm": "mcts", "params": {"simulations": 150, "batch": 1}, "seed": 5}
Journal = list[tuple[int, str, dict[str, Any]]]
Make = Callable[..., Awaitable[Run]]
NewWorker = Callable[[], Station]


async def journal(db: Pool, run: UUID) -> Journal:
    """The stored journal without its times."""
    async with db.connection() as connection:
        return [(event.seq, event.kind, event.payload) for event in await aread(journal_of(run), connection)]


async def give(run: Run, kind: str, **fields: Any) -> Any:
    """A person's command, through the service."""

    def create() -> Any:
        assert run.created_by
        return command_create(run=Run.objects.get(pk=run.pk), user=run.created_by, kind=kind, **fields)

    return await sync_to_async(create)()


async def until(check: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """Poll an asynchronous condition."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await check():
                return found
            await asyncio.sleep(0.02)


async def head_reaches(run: Run, head: int, seconds: float = 60) -> None:
    """Wait until that many events are stored."""

    async def there() -> bool:
        return (await Run.objects.aget(pk=run.pk)).head_seq >= head

    await until(there, seconds)
