"""Workers inside the test process: each is a Station of its own, with the real models.

Models are imported when a fixture runs: pytest reads this file before Django is set up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import sync_to_async

from tests.support.fixtures import db  # noqa: F401

if TYPE_CHECKING:
    from app.explorer.models import Run
    from app.worker.station import Station


@pytest.fixture
async def make(db: object) -> Callable[..., Awaitable[Run]]:  # noqa: F811
    """A queued run, as `run_create` leaves it."""
    from app.registry.services import builtin_models_ensure
    from tests.support.stored import make_run

    await sync_to_async(builtin_models_ensure)()
    return sync_to_async(make_run)


@pytest.fixture
async def worker() -> AsyncIterator[Callable[[], Station]]:
    """Make workers; all are stopped at the end."""
    from app.worker.station import Station

    made: list[Station] = []

    def new() -> Station:
        made.append(Station())
        return made[-1]

    yield new
    for station in made:
        station.stop()
    await asyncio.sleep(0)
