"""Import jobs: a file is sent to the web process, a worker reads it into runs of a session."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction

from app.annotation.jobs import BATCH, job_cancel
from app.annotation.models import ImportJob
from app.config.body_limit import too_large
from app.config.problems import Invalid
from app.explorer.doorbell import task_send
from app.explorer.models import Session
from app.teams.models import User
from search.datasets.registry import FORMATS, guess

IMPORT_TASK = "annotation.import_read"


def import_create(
    *, session: Session, user: User, format: str, skip: bool, stream: IO[bytes], name: str, size: int
) -> ImportJob:
    """Keep the file and a job that waits for a worker. An empty `format` is guessed from the file's first record.

    Raises:
        Invalid: a format there is not or cannot be guessed, or an empty file; nothing is kept.
        TooLarge: more bytes than the server takes.
    """
    if format and format not in FORMATS:
        raise Invalid.field("format", f"there is no format {format!r}", f"one of {', '.join(FORMATS)}")
    if size > settings.MAX_IMPORT_BYTES:
        raise too_large()
    if not size:
        raise Invalid.field("file", "has no lines", "a file of JSON Lines")
    if not format:
        format = guess(stream) or ""
        stream.seek(0)
        if not format:
            raise Invalid.field(
                "file", "its first record is of no format known here", "docs/formats.md lists the fields of each"
            )
    job = ImportJob(
        team_id=session.team_id, session=session, created_by=user, format=format, skip=skip, size=size,
        file_name=Path(name.replace("\0", "")).name[:200],
    )  # fmt: skip
    job.full_clean(exclude=["team", "session", "created_by"])
    path = import_path(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as kept:
            shutil.copyfileobj(stream, kept, 2**20)
        with transaction.atomic():
            job.save(force_insert=True)
            import_ring(job)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return job


def import_ring(job: ImportJob) -> None:
    """Once stored, tell a worker. A lost message is made up for when somebody asks how the job is doing."""
    transaction.on_commit(lambda: task_send(IMPORT_TASK, [str(job.pk)], BATCH))


def import_path(job: ImportJob) -> Path:
    """Where the sent file lies until it is read."""
    return Path(settings.ESPALIER_HOME) / "imports" / str(job.pk)


def import_cancel(job: ImportJob) -> ImportJob:
    """End it; nothing of the file stays. A worker that reads it hears of this within a second."""
    job_cancel(job)
    if job.state == ImportJob.State.CANCELLED:
        import_path(job).unlink(missing_ok=True)
    return job


def complaint(error: Any) -> dict[str, Any]:
    """A record that could not be read, as the API says it."""
    return {"line": error.line, "field": error.field, "message": error.message, "mend": error.mend}
