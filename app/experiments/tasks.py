"""Celery's door to the experiments."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import DatabaseError, close_old_connections, connection

from app.experiments.filling import experiment_fill
from app.experiments.measuring import experiment_measure
from app.experiments.models import Experiment
from app.experiments.services import FILL_TASK, MEASURE_TASK, fill_ask

log = structlog.get_logger(__name__)


@shared_task(name=FILL_TASK)
def fill(experiment_id: str) -> None:
    """Make the runs of an experiment; threads of the worker give their database connection back."""
    close_old_connections()
    try:
        experiment_fill(experiment_id)
    finally:
        connection.close()


@shared_task(name=MEASURE_TASK)
def measure(experiment_id: str) -> None:
    """Make the results of an experiment."""
    close_old_connections()
    try:
        experiment_measure(experiment_id)
    finally:
        connection.close()


@worker_ready.connect
def go_on(**_: Any) -> None:
    """A worker that died while it made runs has a successor: it goes on with what is not filled."""
    try:
        for experiment in Experiment.objects.filter(
            filled_at__isnull=True, cancelled_at__isnull=True, error__isnull=True
        ):
            fill_ask(experiment)
    except DatabaseError as error:  # whoever opens the experiment's page asks again
        log.warning("experiments are not looked after", error=str(error))
    finally:
        connection.close()
