"""Workers write a key with a short life into Redis; the health page and `make run` look at it."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import Any

import structlog
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
PREFIX = "espalier:worker:"
EVERY_SECONDS = 2
LIFE_SECONDS = 8

_stop = threading.Event()


def workers_alive(connection: Redis) -> list[str]:
    """Names of the workers whose heart has beaten within the last eight seconds."""
    return sorted(key.decode().removeprefix(PREFIX) for key in connection.scan_iter(f"{PREFIX}*"))


def pids_alive(connection: Redis) -> set[int]:
    """Process ids behind those names, as their machines count them."""
    values = [connection.get(key) for key in connection.scan_iter(f"{PREFIX}*")]
    return {int(value) for value in values if value}


def _beat(name: str) -> None:
    connection = Redis.from_url(settings.REDIS_URL)
    while not _stop.is_set():
        try:
            connection.set(f"{PREFIX}{name}", os.getpid(), ex=LIFE_SECONDS)
        except RedisError as error:  # Redis is away; the next beat tries again
            log.warning("heartbeat lost", error=str(error))
        _stop.wait(EVERY_SECONDS)
    try:
        connection.delete(f"{PREFIX}{name}")
    except RedisError:
        pass  # the key expires by itself


@worker_ready.connect
def start_beating(sender: Any, **_: Any) -> None:
    """Begin when the worker takes tasks, not when its process starts."""
    threading.Thread(target=_beat, args=(sender.hostname,), name="heartbeat", daemon=True).start()


@worker_shutting_down.connect
def stop_beating(**_: Any) -> None:
    """A worker that is on its way out no longer counts."""
    _stop.set()


def main() -> int:
    """Health check of a worker's container: 0 when a worker of this machine is alive."""
    here = f"@{socket.gethostname()}"
    with Redis.from_url(settings.REDIS_URL, socket_timeout=5) as connection:
        return 0 if any(name.endswith(here) for name in workers_alive(connection)) else 1


if __name__ == "__main__":
    sys.exit(main())
