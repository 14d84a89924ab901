"""Export jobs: asked for in the web process, written by a worker, streamed to a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from app.annotation.marked_paths import Counts, marked_paths
from app.annotation.models import ExportJob, StepLabel
from app.config.problems import Invalid
from app.explorer.doorbell import task_send
from app.explorer.models import Run, Session
from app.teams.models import User
from search.datasets.registry import FORMATS as READABLE
from search.datasets.registry import SUFFIX

FORMATS = {"trl_stepwise": READABLE["trl_stepwise"]}
EXPORT_TASK = "annotation.export_write"
BATCH = "batch"


@transaction.atomic
def export_create(*, session: Session, user: User, format: str, filters: dict[str, Any]) -> ExportJob:
    """A job that waits for a worker. `filters` are `{runs, annotators, sources, neutral}`, all optional.

    Raises:
        Invalid: a format there is not, or runs of another session.
    """
    if format not in FORMATS:
        raise Invalid.field("format", f"there is no format {format!r}", f"one of {', '.join(FORMATS)}")
    runs = filters.get("runs") or []
    known = {str(pk) for pk in Run.objects.filter(session=session, pk__in=runs).values_list("pk", flat=True)}
    for number, run in enumerate(runs):
        if str(run) not in known:
            raise Invalid.field(f"filters.runs.{number}", f"the session has no run {run}", "leave runs out for all")
    job = ExportJob(team_id=session.team_id, session=session, created_by=user, format=format, filters=filters)
    job.full_clean(exclude=["team", "session", "created_by"])
    job.save()
    export_ring(job)
    return job


def export_ring(job: ExportJob) -> None:
    """Once stored, tell a worker. A lost message is made up for when somebody asks how the job is doing."""
    transaction.on_commit(lambda: task_send(EXPORT_TASK, [str(job.pk)], BATCH))


def export_path(job: ExportJob) -> Path:
    """Where the file of a completed job lies."""
    return Path(settings.ESPALIER_HOME) / "exports" / job.file


def export_write(job_id: str) -> None:
    """Write the file. Runs once at a time per job: a second worker that is told finds the lock taken and leaves.

    The lock belongs to the database connection, so a killed worker leaves it free and the job can start again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (job_id,))
        if not cursor.fetchone()[0]:
            return
    try:
        job = ExportJob.objects.select_related("session").get(pk=job_id)
        if job.state in (ExportJob.State.QUEUED, ExportJob.State.RUNNING):
            _write(job)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (job_id,))


def export_is_held(job: ExportJob) -> bool:
    """Whether a living worker is writing this job."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (str(job.pk),))
        if not cursor.fetchone()[0]:
            return True
        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (str(job.pk),))
        return False


def _write(job: ExportJob) -> None:
    rows = ExportJob.objects.filter(pk=job.pk)
    labels = _labels(job)
    runs = Run.objects.filter(pk__in=labels.values("run")).select_related("problem").order_by("created_at", "pk")
    rows.update(state=ExportJob.State.RUNNING, done=0, total=runs.count())
    counts = Counts()
    name = f"{job.pk}{SUFFIX}"
    job.file = name
    final = export_path(job)
    partial = final.with_name(f"{name}.part")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            for number, run in enumerate(runs.iterator(chunk_size=100), start=1):
                FORMATS[job.format].write(
                    marked_paths(run, labels, counts), stream, neutral=job.filters.get("neutral", "good")
                )
                if number % 20 == 0:
                    rows.update(done=number)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(final)  # readers see the whole file or none
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = f"The file could not be written: {error.strerror or error}. Free some space and export again."
        rows.update(state=ExportJob.State.FAILED, error=reason, finished_at=timezone.now())
        return
    rows.update(
        state=ExportJob.State.COMPLETED,
        done=counts.runs,
        total=counts.runs,
        file=name,
        counts=counts.as_dict(),
        finished_at=timezone.now(),
    )


def _labels(job: ExportJob) -> Any:
    """The labels an export is about; human ones unless others were asked for."""
    labels = StepLabel.objects.filter(
        run__session=job.session,
        rating__isnull=False,
        replaced_at__isnull=True,
        source__in=job.filters.get("sources") or [StepLabel.Source.HUMAN],
    )
    if job.filters.get("runs"):
        labels = labels.filter(run__in=job.filters["runs"])
    if job.filters.get("annotators"):
        labels = labels.filter(annotator__username__in=job.filters["annotators"])
    return labels
