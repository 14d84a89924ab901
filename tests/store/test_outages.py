"""Waiting for a database that is away ends when the one who waits is told to stop."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from app.explorer.store.outages import heed_cancellation
from app.worker.patience import patiently


async def test_a_cancellation_that_became_an_outage_still_ends_the_waiting() -> None:
    asked = 0

    async def cancelled_in_the_middle_of_a_query() -> None:
        nonlocal asked
        asked += 1
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise psycopg.OperationalError("the connection is closed") from None

    waiting = asyncio.create_task(patiently(cancelled_in_the_middle_of_a_query))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(waiting, 5)
    assert asked == 1


async def test_a_timeout_that_was_handled_is_no_cancellation() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    heed_cancellation()
