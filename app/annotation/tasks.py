"""Celery's doors to exports and imports. Threads of the worker give their database connection back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.db import close_old_connections, connection

from app.annotation.exporting import export_write
from app.annotation.exports import EXPORT_TASK
from app.annotation.importing import import_read
from app.annotation.imports import IMPORT_TASK


@shared_task(name=EXPORT_TASK)
def write_export(job_id: str) -> None:
    """Write one export's file."""
    with _connected():
        export_write(job_id)


@shared_task(name=IMPORT_TASK)
def read_import(job_id: str) -> None:
    """Read one import's file."""
    with _connected():
        import_read(job_id)


@contextmanager
def _connected() -> Iterator[None]:
    close_old_connections()
    try:
        yield
    finally:
        connection.close()
