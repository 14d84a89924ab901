"""Where a waiting run stands, and why it waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from redis import Redis
from redis.exceptions import RedisError

from app.config.heartbeat import workers_alive
from app.explorer.models import Run, RunState

# `interactive` goes before every other queue, then the older run first: the order in which workers take messages.
_PLACES = """
SELECT id, rank() OVER (ORDER BY queue <> 'interactive', created_at, id),
    (SELECT count(*) FROM explorer_run WHERE state = 'running')
FROM explorer_run WHERE state = 'queued'
"""


def queue_places(runs: Iterable[Run]) -> dict[UUID, dict[str, Any]]:
    """`{position, ahead, reason}` of every queued run among `runs`; position 1 is next."""
    waiting = {run.pk for run in runs if run.state == RunState.QUEUED}
    if not waiting:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES)
        rows = cursor.fetchall()
    workers = _workers()
    return {
        run_id: {"position": position, "ahead": position - 1, "reason": _reason(position - 1, running, workers)}
        for run_id, position, running in rows
        if run_id in waiting
    }


def _reason(ahead: int, running: int, workers: int | None) -> str:
    if workers is None:
        return "Redis does not answer, so no worker can be told. The run is kept and starts when Redis is back."
    if workers == 0:
        return "No worker is running. The run is kept and starts as soon as one is there."
    if ahead == 0 and running == 0:
        return "A worker is about to take it."
    busy = f"{running} {'run is' if running == 1 else 'runs are'} under way"
    return f"{busy} and {ahead} {'waits' if ahead == 1 else 'wait'} before this one."


def _workers() -> int | None:
    """Workers alive; None if Redis cannot be asked."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
            return len(workers_alive(redis))
    except RedisError:
        return None
