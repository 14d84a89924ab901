"""PostgreSQL restarts now and then: what that looks like to psycopg, and how to wait for it without never stopping."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg_pool import PoolTimeout

OUTAGES = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError)
"""What a dead, restarting or full database raises: waiting mends it. Anything else is an error of ours."""


def heed_cancellation() -> None:
    """Belongs into every loop that tries again after an outage.

    A task cancelled in the middle of a query may see an error of its closed connection instead of the cancellation, and
    `asyncio.wait_for` of Python 3.11 may lose one that comes together with its result: the loop would go on for ever.

    Raises:
        asyncio.CancelledError: somebody has asked the running task to stop.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
