"""Waiting for PostgreSQL: it restarts now and then, and a run that waits loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from app.explorer.store.outages import OUTAGES, heed_cancellation

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again and again until PostgreSQL answers; the question must be one that may be asked twice."""
    pause = 0.1
    while True:
        try:
            return await ask()
        except OUTAGES as error:
            heed_cancellation()
            log.warning("waiting for PostgreSQL", error=str(error).strip())
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)
