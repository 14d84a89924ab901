"""Celery's door to the exports."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections, connection

from app.annotation.exports import EXPORT_TASK, export_write


@shared_task(name=EXPORT_TASK)
def write_export(job_id: str) -> None:
    """Write one export's file; threads of the worker give their database connection back."""
    close_old_connections()
    try:
        export_write(job_id)
    finally:
        connection.close()
