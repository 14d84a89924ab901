"""Imports: send a file, ask how the job is doing, cancel it; and the formats there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Router, Schema, Status, UploadedFile

from app.annotation.imports import import_cancel, import_create, import_ring
from app.annotation.jobs import is_forgotten
from app.annotation.models import ImportJob
from app.config.pages import Cursor, Limit, newest_first
from app.explorer.access import principal_of, user_of, visible, visible_session
from app.teams.permissions import visible_to
from search.datasets.registry import FORMATS

router = Router(tags=["imports"])


class FormatOut(Schema):
    """A file format. `neutrals` is what a neutral step may become where a format knows right and wrong only."""

    name: str
    title: str
    about: str
    shape: str
    neutrals: list[str]


class FormatPage(Schema):
    """All formats; every one can be imported and exported."""

    items: list[FormatOut]
    next: None = None


class ComplaintOut(Schema):
    """A record that could not be read: where, and what to do about it."""

    line: int
    field: str
    message: str
    mend: str


class ImportCounts(Schema):
    """`conflicts` are steps that came with two different labels of one judge, of which the first was kept."""

    runs: int = 0
    steps: int = 0
    labels: int = 0
    conflicts: int = 0
    left_out: int = 0


class ImportOut(Schema):
    """A job: `queued`, `running` (`done` of `size` bytes), `completed`, `failed` (`error`) or `cancelled`.

    `runs` are the first of those it made; `complaints` the first records that could not be read.
    """

    id: UUID
    session: UUID
    format: str
    file_name: str
    on_error: Literal["nothing", "skip"]
    state: str
    done: int
    size: int
    counts: ImportCounts
    complaints: list[ComplaintOut]
    runs: list[UUID]
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    created_by: str | None


class ImportPage(Schema):
    """Imports, the newest first."""

    items: list[ImportOut]
    next: str | None


@router.get("/formats", response=FormatPage, summary="The file formats")
def formats(request: HttpRequest) -> dict[str, Any]:
    """In the order in which a file's first record is compared with them."""
    return {
        "items": [
            {
                "name": one.name,
                "title": one.title,
                "about": one.about,
                "shape": one.shape,
                "neutrals": list(one.neutrals),
            }
            for one in FORMATS.values()
        ]
    }


@router.post("/imports", response={201: ImportOut}, summary="Import labelled paths or trees from a file")
def import_file(
    request: HttpRequest,
    file: File[UploadedFile],
    session: Form[UUID],
    format: Form[str] = "",
    on_error: Form[Literal["nothing", "skip"]] = "nothing",
) -> Status:
    """Multipart: `file`, `session`, `format` (guessed from the file where it is left out), `on_error`.

    Paths of one problem become a run, and so does every tree; labels keep their source, and those of a person without
    a name become yours. Values become rewards, selections prunings. A record that cannot be read leaves out the whole
    file, or with `on_error` `skip` only itself.
    """
    found = visible_session(request, session, "steer")
    stream = file.file
    assert stream is not None
    job = import_create(
        session=found,
        user=user_of(request),
        format=format,
        skip=on_error == "skip",
        stream=stream,
        name=file.name or "",
        size=file.size or 0,
    )
    return Status(201, _shape(job))


@router.get("/imports", response=ImportPage, summary="Imports, the newest first")
def imports(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Those of your teams."""
    rows = visible_to(principal_of(request), ImportJob).select_related("created_by")
    page, following = newest_first(rows, by="created_at", cursor=cursor, limit=limit)
    return {"items": [_shape(job) for job in page], "next": following}


@router.get("/imports/{uuid:import_id}", response=ImportOut, summary="How an import is doing")
def import_state(request: HttpRequest, import_id: UUID) -> dict[str, Any]:
    """A job whose worker died, or that no worker was told of, is started again by this question."""
    job = visible(request, ImportJob, import_id)
    if is_forgotten(job):
        import_ring(job)
    return _shape(job)


@router.post("/imports/{uuid:import_id}/cancel", response=ImportOut, summary="Cancel an import")
def cancel_import(request: HttpRequest, import_id: UUID) -> dict[str, Any]:
    """Nothing of it stays. An import that has ended is left as it is."""
    return _shape(import_cancel(visible(request, ImportJob, import_id, "steer")))


def _shape(job: ImportJob) -> dict[str, Any]:
    return {
        "id": job.pk,
        "session": job.session_id,
        "format": job.format,
        "file_name": job.file_name,
        "on_error": "skip" if job.skip else "nothing",
        "state": job.state,
        "done": job.done,
        "size": job.size,
        "counts": job.counts,
        "complaints": job.complaints,
        "runs": job.runs,
        "error": job.error,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "created_by": job.created_by.username if job.created_by else None,
    }
