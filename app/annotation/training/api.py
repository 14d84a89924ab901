"""Training a reward on labels."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from app.annotation.models import TrainingJob
from app.annotation.training.chart import learning_curve
from app.annotation.training.services import training_create, training_hold, training_wake
from app.config.pages import Cursor, Limit, newest_first
from app.explorer.access import principal_of, user_of, visible, visible_session
from app.explorer.schemas import Strict
from app.explorer.shapes import ChartOut
from app.teams.permissions import visible_to

router = Router(tags=["labels"])
Source = Literal["human", "rollout", "exact", "model"]


class TrainingIn(Strict):
    """`base`: a reward that is a token classifier, or `policy:` and a policy whose body gets a fresh head.

    The labels of the `sources` named are learned from, in whichever run of the sessions.
    """

    title: str = Field(min_length=1, max_length=200)
    sessions: list[UUID] = Field(min_length=1, max_length=200)
    sources: list[Source] = Field(default=["human"], min_length=1, max_length=4)
    base: str = Field(default="embedded", max_length=140)
    steps: Annotated[int, Field(ge=1, le=20_000)] = 120
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class CurveRow(Schema):
    """Mean loss since the last row, and loss and AUC on held-out problems (null without any)."""

    step: int
    loss: float | None
    held_out_loss: float | None
    held_out_auc: float | None
    seconds: float


class TrainingOut(Schema):
    """A job: `done` of `steps`. Completed, `slug` names a reward that runs of the team can have at once.

    `counts` are those of the labels, as of an export, with the number of `problems` and how many are `held_out`.
    """

    id: UUID
    title: str
    slug: str
    base: str
    sessions: list[UUID]
    sources: list[str]
    steps: int
    seed: int
    state: str
    done: int
    curve: list[CurveRow]
    counts: dict[str, Any]
    error: str
    created_at: datetime
    finished_at: datetime | None
    created_by: str | None


class TrainingPage(Schema):
    """Trainings, the newest first."""

    items: list[TrainingOut]
    next: str | None


@router.post("/trainings", response={201: TrainingOut}, summary="Train a reward on labels")
def start(request: HttpRequest, wanted: TrainingIn) -> Status:
    """A background job; what comes of it is a reward of the sessions' team."""
    sessions = [visible_session(request, pk, "steer") for pk in dict.fromkeys(wanted.sessions)]
    job = training_create(user=user_of(request), **(wanted.model_dump() | {"sessions": sessions}))
    return Status(201, training_shape(job))


@router.get("/trainings", response=TrainingPage, summary="Trainings, the newest first")
def trainings(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Those of your teams."""
    rows = visible_to(principal_of(request), TrainingJob).select_related("created_by")
    page, following = newest_first(rows, by="created_at", cursor=cursor, limit=limit)
    return {"items": [training_shape(job) for job in page], "next": following}


@router.get("/trainings/{uuid:job_id}", response=TrainingOut, summary="How a training is doing")
def state(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """A job whose worker died, or that no worker was told of, is started again by this question."""
    job = visible(request, TrainingJob, job_id)
    training_wake(job)
    return training_shape(job)


@router.get("/trainings/{uuid:job_id}/chart", response=ChartOut, summary="The learning curve as a figure")
def chart(request: HttpRequest, job_id: UUID, theme: Literal["light", "dark"] = "light") -> dict[str, Any]:
    """As far as it has come."""
    return learning_curve(visible(request, TrainingJob, job_id).curve, theme).as_json()


@router.post("/trainings/{uuid:job_id}/pause", response=TrainingOut, summary="Pause a training")
def pause(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """Felt after the step under way; it goes on there."""
    return _hold(request, job_id, "pause")


@router.post("/trainings/{uuid:job_id}/resume", response=TrainingOut, summary="Resume a training")
def resume(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """A failed one too, once what its error names is mended."""
    return _hold(request, job_id, "resume")


@router.post("/trainings/{uuid:job_id}/cancel", response=TrainingOut, summary="Cancel a training")
def cancel(request: HttpRequest, job_id: UUID) -> dict[str, Any]:
    """Nothing of it stays but its curve."""
    return _hold(request, job_id, "cancel")


def _hold(request: HttpRequest, job_id: UUID, wish: str) -> dict[str, Any]:
    return training_shape(training_hold(job=visible(request, TrainingJob, job_id, "steer"), wish=wish))


def training_shape(job: TrainingJob) -> dict[str, Any]:
    """As `TrainingOut`."""
    return {name: getattr(job, name) for name in TrainingOut.model_fields if name not in ("id", "created_by")} | {
        "id": job.pk,
        "created_by": job.created_by.username if job.created_by else None,
    }
