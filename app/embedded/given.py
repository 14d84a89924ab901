"""Servers that somebody else runs: DATABASE_URL and REDIS_URL. We only wait until they answer."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from app.config.env import envint
from app.embedded.messages import CannotStart, say


def wait_for_postgres(url: str, pause: Callable[[float], None]) -> None:
    """Raises `CannotStart` with the server's own words after ESPALIER_PATIENCE seconds."""
    _wait("PostgreSQL", "DATABASE_URL", lambda: psycopg.connect(url, connect_timeout=5).close(), pause)


def wait_for_redis(url: str, pause: Callable[[float], None]) -> None:
    """Raises `CannotStart` with the client's own words after ESPALIER_PATIENCE seconds."""

    def ask() -> None:
        with Redis.from_url(url, socket_connect_timeout=5) as connection:
            connection.ping()

    _wait("Redis", "REDIS_URL", ask, pause)


def _wait(name: str, setting: str, ask: Callable[[], None], pause: Callable[[float], None]) -> None:
    say(f"{name}: using the server of {setting}")
    end = time.monotonic() + envint("ESPALIER_PATIENCE", 30)
    while True:
        try:
            ask()
            return
        except (psycopg.Error, RedisError, ValueError) as error:
            if time.monotonic() > end:
                raise CannotStart(f"the server of {setting} does not answer: {str(error).strip()}") from error
        pause(0.5)
