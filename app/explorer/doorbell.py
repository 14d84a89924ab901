"""Tell the workers that there is something to do. PostgreSQL holds what must be done; a lost message is only late.

A run that waits is rung by a Celery message. A run that is under way hears of commands on a Redis channel, which
its worker listens to.
"""

from __future__ import annotations

import threading
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from app.config.celery import celery
from app.explorer.models import Run
from app.explorer.store.announce import commands_channel

log = structlog.get_logger(__name__)

SEARCH_TASK = "explorer.run_search"


def ring(run: Run) -> None:
    """Once the transaction is stored: ask some worker to take the run."""
    transaction.on_commit(lambda: _ring_now(str(run.pk), run.queue))


def command_announce(run: Run) -> None:
    """Once the transaction is stored: tell the worker that has the run, or ask one to take it."""
    transaction.on_commit(lambda: _publish(str(run.pk)))
    if run.lease is None:
        ring(run)


def task_send(task: str, arguments: list[Any], queue: str) -> bool:
    """Send a Celery message; False (and a line in the log) where the broker does not answer. Never waits for long."""
    try:
        if settings.CELERY_BROKER_URL.startswith("redis"):
            _redis().ping()  # Celery would try again for seconds, while a person waits for the page
        celery.send_task(task, arguments, queue=queue, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("message not sent", task=task, arguments=arguments, error=str(error))
        return False
    return True


def _ring_now(run_id: str, queue: str) -> None:
    """Without `doorbell_at`, workers find the run when they look for runs that nobody was told of."""
    if task_send(SEARCH_TASK, [run_id], queue):
        Run.objects.filter(pk=run_id).update(doorbell_at=timezone.now())


def _publish(run_id: str) -> None:
    try:
        _redis().publish(commands_channel(run_id), "1")
    except RedisError as error:
        log.warning("command not announced", run=run_id, error=str(error))


_lock = threading.Lock()
_client: Redis | None = None


def _redis() -> Redis:
    """One client (a pool of connections) per process, made at first use: workers fork before they talk."""
    global _client
    with _lock:
        if _client is None:
            _client = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        return _client
