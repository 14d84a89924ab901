"""psycopg's asynchronous pool to the database that Django uses: one per event loop."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connections
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[Any]]

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()
# Django's own additions to libpq's options: its cursors and adapters are not wanted here.
_NOT_LIBPQ = ("context", "cursor_factory", "prepare_threshold")


def connection_parameters() -> dict[str, Any]:
    """libpq's parameters of the default database; in tests, those of the test database."""
    parameters = dict(connections["default"].get_connection_params())
    for name in _NOT_LIBPQ:
        parameters.pop(name, None)
    # A server that vanished without a word (a killed machine) is noticed in seconds, not in hours.
    return {"connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3} | parameters


async def pool(max_size: int = 8) -> Pool:
    """The pool of the running event loop, opened at first use.

    A failed attempt to connect is given up after a second and left to the caller's own retry: the pool's doubling
    pauses would keep a run waiting for minutes after PostgreSQL is back.
    """
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        made: Pool = AsyncConnectionPool(
            kwargs=connection_parameters(),
            min_size=0,
            max_size=max_size,
            timeout=5,
            max_idle=60,
            reconnect_timeout=1,
            check=AsyncConnectionPool.check_connection,
            open=False,
            name="espalier",
        )
        _pools[loop] = made
        await made.open(wait=False)
    return _pools[loop]


async def close_pool() -> None:
    """Close the running loop's pool, if it has one."""
    made = _pools.pop(asyncio.get_running_loop(), None)
    if made is not None:
        await made.close(timeout=2)
