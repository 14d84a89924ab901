"""Celery's signals: what a worker does when it is ready, and when it is asked to go."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import structlog
from celery.signals import worker_init, worker_ready, worker_shutting_down
from django.conf import settings

from app.config.celery import celery
from app.explorer.doorbell import SEARCH_TASK
from app.worker.loop import searches
from app.worker.station import station

log = structlog.get_logger(__name__)


def ring(run: UUID, queue: str) -> None:
    """Send the doorbell message; raises what the broker's client raises."""
    celery.send_task(SEARCH_TASK, [str(run)], queue=queue, retry=False)


@worker_init.connect
def load_models_early(**_: Any) -> None:
    """Load the default models while Celery starts: the first run, or the one of a dead predecessor, waits for them."""
    threading.Thread(target=_load_default_models, name="load models", daemon=True).start()


@worker_ready.connect
def open_station(**_: Any) -> None:
    """Look after forgotten runs from now on."""
    searches.submit(station.open(settings.CELERY_WORKER_CONCURRENCY, ring)).result(10)


@worker_shutting_down.connect
def close_station(**_: Any) -> None:
    """SIGTERM: give the runs back; Celery then waits for their tasks, which end with them."""
    station.stop_from_any_thread()


def _load_default_models() -> None:
    from app.registry.models import LanguageModel
    from app.registry.selectors import model_default
    from app.worker.engines import models_for

    try:
        policy = model_default(LanguageModel.Kind.POLICY)
        reward = model_default(LanguageModel.Kind.REWARD)
        if policy is not None:
            models_for(policy.slug, reward.slug if reward else None)
    except Exception as error:  # a run that needs them will fail with the same reason, where a person sees it
        log.warning("default models are not loaded", error=str(error))
