"""Export jobs: asked for in the web process, written by a worker (app/annotation/exporting.py), streamed to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from app.annotation.jobs import BATCH, job_cancel
from app.annotation.models import ExportJob
from app.config.problems import Invalid
from app.explorer.doorbell import task_send
from app.explorer.models import Run, Session
from app.teams.models import User
from search.datasets.registry import FORMATS

EXPORT_TASK = "annotation.export_write"


@transaction.atomic
def export_create(*, session: Session, user: User, format: str, filters: dict[str, Any]) -> ExportJob:
    """A job that waits for a worker. `filters` are `{runs, annotators, sources, neutral, once}`, all optional.

    Raises:
        Invalid: a format there is not, a neutral that the format cannot say, or runs of another session.
    """
    if format not in FORMATS:
        raise Invalid.field("format", f"there is no format {format!r}", f"one of {', '.join(FORMATS)}")
    neutral, neutrals = filters.get("neutral", "good"), FORMATS[format].neutrals
    if neutrals and neutral not in neutrals:
        raise Invalid.field(
            "filters.neutral",
            f"{format} has no word for a neutral step as {neutral!r}",
            f"one of {', '.join(neutrals)}",
        )
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


def export_cancel(job: ExportJob) -> ExportJob:
    """End it; the file that was begun is removed by the worker that writes it."""
    job_cancel(job)
    return job
