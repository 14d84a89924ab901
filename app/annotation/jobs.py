"""What exports and imports have in common: one worker at a time, progress, and an end when a person asks for it.

PostgreSQL says what must be done. A worker that is killed leaves its lock free; the job is started again by whoever
next asks how it is doing.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from app.annotation.models import UNFINISHED, ExportJob, ImportJob, JobState
from app.config.advisory import held_alone

Job = ExportJob | ImportJob
BATCH = "batch"
PATIENCE = timedelta(seconds=20)
TICK_SECONDS = 0.5


class Cancelled(Exception):
    """A person cancelled the job; nothing of it stays."""


def is_forgotten(job: Job) -> bool:
    """Whether a job that should be under way has no worker: its message was lost, or its worker died."""
    if job.state not in UNFINISHED or timezone.now() - job.created_at <= PATIENCE:
        return False
    with held_alone(str(job.pk)) as free:
        return free


def job_cancel(job: Job) -> None:
    """Ask it to end. A job that has ended stays as it is."""
    rows = type(job)._default_manager.filter(pk=job.pk, state__in=UNFINISHED)
    rows.update(state=JobState.CANCELLED, finished_at=timezone.now())
    job.refresh_from_db()


class Progress:
    """Writes how far a job is, beside the transaction its work is in, and hears that it was cancelled."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, name=f"progress of {job.pk}", daemon=True)
        self.done = 0

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def at(self, done: int) -> None:
        """So much is done.

        Raises:
            Cancelled: a person wants it to end.
        """
        self.done = done
        if self._cancelled.is_set():
            raise Cancelled

    def _tick(self) -> None:
        try:
            while not self._over.wait(TICK_SECONDS):
                rows = type(self._job)._default_manager.filter(pk=self._job.pk)
                if not rows.filter(state=JobState.RUNNING).update(done=self.done) and rows.exists():
                    self._cancelled.set()
                    return
        finally:
            connection.close()
