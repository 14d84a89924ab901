"""Celery tasks. A message is only a doorbell: it is acknowledged before the work begins, PostgreSQL says what to do."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.db import connections

import app.worker.lifecycle  # noqa: F401 - connects its signal handlers
from app.explorer.doorbell import SEARCH_TASK
from app.worker.loop import searches
from app.worker.station import station


@shared_task(name=SEARCH_TASK, ignore_result=True)
def run_search(run_id: str) -> None:
    """Work on a run until it rests, on the worker's event loop; this thread only waits.

    Does nothing when the run wants no work or another worker has it, so a message too many does no harm.
    """
    connections.close_all()  # a waiting thread needs none, and there are as many threads as runs
    searches.submit(station.work_on(UUID(run_id))).result()
