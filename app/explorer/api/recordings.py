"""Bring your own search: a program streams its tree here, and pages show it live."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from app.explorer.access import user_of, visible_run, visible_session
from app.explorer.recording_schemas import HeadOut, OperationsIn, RecordingIn, RecordingOut
from app.explorer.selectors import run_shape
from app.explorer.services.recording import LEASE_SECONDS, recording_append, recording_create

router = Router(tags=["recordings"])


@router.post("/sessions/{uuid:session_id}/recordings", response={201: RecordingOut}, summary="Record a search of yours")
def start_recording(request: HttpRequest, session_id: UUID, recording: RecordingIn) -> Status:
    """A running run that holds the problem. Who has the lease writes it, as `search.client.Recorder` does."""
    session = visible_session(request, session_id, "steer")
    run, lease = recording_create(session=session, user=user_of(request), wanted=recording)
    return Status(201, {"run": run_shape(run), "lease": lease, "head": run.head_seq, "lease_seconds": LEASE_SECONDS})


@router.post("/runs/{uuid:run_id}/operations", response=HeadOut, summary="Go on with a recording")
def append(request: HttpRequest, run_id: UUID, batch: OperationsIn) -> dict[str, Any]:
    """All of a batch or nothing; a batch that is sent again is not carried out again. An empty one renews the lease."""
    run = visible_run(request, run_id, "steer")
    head, nodes = recording_append(run=run, lease=batch.lease, after=batch.after, operations=batch.operations)
    return {"head": head, "nodes": nodes}
