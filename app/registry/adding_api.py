"""Adding models, changing and removing them: for admins. They share addresses, and so the router, of api.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Schema, Status

from app.config.errands import errand_look_after
from app.config.problems import Absent, Forbidden
from app.explorer.access import user_of, visible
from app.explorer.schemas import Strict
from app.registry.adding import (
    check_ring,
    model_change,
    model_check_create,
    model_remove,
    model_restore,
)
from app.registry.api import Kind, Stage, cancelled, router
from app.registry.models import LanguageModel, ModelCheck
from app.registry.selectors import models_archived
from app.teams.models import User
from app.teams.permissions import is_admin


class ModelSettings(Strict):
    """`settings`: the keys of `[policies.NAME]` or `[rewards.NAME]` in the file of models (docs/models.md).

    `{"kind": "transformers", "folder": …}`, `{"kind": "openai", "base_url": …, "model": …}`; a reward's `kind` is its
    convention.
    """

    settings: dict[str, Any]


class ModelIn(ModelSettings):
    """A model: runs name it by `slug`."""

    kind: Kind
    slug: str = Field(min_length=1, max_length=120)


class FieldProblem(Schema):
    """What is wrong with a field, as in problem details."""

    field: str
    message: str
    mend: str | None = None


class ModelCheckOut(Schema):
    """A model on its way: `queued`, `running`, `completed` (offered now), `failed` (`error`, `errors`), `cancelled`.

    Nothing is stored before it is completed. `result` is that of a trial, with `notes` on what is worth a second look.
    """

    id: UUID
    kind: str
    slug: str
    replaces: bool
    state: str
    stages: list[Stage]
    error: str | None
    errors: list[FieldProblem]
    result: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


class ArchivedModel(Schema):
    """A model that was removed and that old runs name."""

    kind: str
    slug: str
    title: str


class ArchivedList(Schema):
    """All of them; there is never a next page."""

    items: list[ArchivedModel]
    next: None = None


@router.post("/models", response={201: ModelCheckOut}, summary="Add a model")
def add(request: HttpRequest, wanted: ModelIn) -> Status:
    """A worker looks at it, loads it and asks it once; if it answers, it is offered. Ask GET /model-checks/{id}."""
    user = _admin(request)
    return Status(201, model_check_create(user=user, kind=wanted.kind, slug=wanted.slug, given=wanted.settings))


@router.put("/models/{kind}/{slug}", response={201: ModelCheckOut}, summary="Change a model")
def change(request: HttpRequest, kind: Kind, slug: str, wanted: ModelSettings) -> Status:
    """Other settings, all of them, checked as when adding; the old ones hold until then. Not while runs use it."""
    user = _admin(request)
    return Status(201, model_change(user=user, model=_model(kind, slug), given=wanted.settings))


@router.delete("/models/{kind}/{slug}", response={204: None}, summary="Remove a model")
def remove(request: HttpRequest, kind: Kind, slug: str) -> Status:
    """Offered no more; kept in the archive where old runs name it. Not while anything under way uses it."""
    _admin(request)
    model_remove(model=_model(kind, slug))
    return Status(204, None)


@router.post("/models/{kind}/{slug}/restore", response=ArchivedModel, summary="Restore a removed model")
def restore(request: HttpRequest, kind: Kind, slug: str) -> LanguageModel:
    """Out of the archive again."""
    _admin(request)
    return model_restore(model=_model(kind, slug, enabled=False))


@router.get("/archived-models", response=ArchivedList, summary="Removed models that old runs name")
def archived(request: HttpRequest) -> dict[str, Any]:
    """They can be restored."""
    _admin(request)
    return {"items": list(models_archived())}


@router.get("/model-checks/{uuid:check_id}", response=ModelCheckOut, summary="How a check goes")
def check(request: HttpRequest, check_id: UUID) -> ModelCheck:
    """Its stages and seconds; in the end the answer, or what to mend at which field."""
    found = visible(request, ModelCheck, check_id)
    errand_look_after(found, check_ring)
    return found


@router.post("/model-checks/{uuid:check_id}/cancel", response=ModelCheckOut, summary="Cancel a check")
def cancel(request: HttpRequest, check_id: UUID) -> ModelCheck:
    """Nothing is stored. Weights that a worker is reading it reads to the end, and then gives up."""
    return cancelled(visible(request, ModelCheck, check_id))


def _admin(request: HttpRequest) -> User:
    user = user_of(request)
    if not is_admin(user):
        raise Forbidden("Models are added and removed by an admin of this installation. Ask one.")
    return user


def _model(kind: str, slug: str, *, enabled: bool = True) -> LanguageModel:
    found = LanguageModel.objects.filter(kind=kind, slug=slug, enabled=enabled).first()
    if found is None:
        raise Absent(f"There is no {'' if enabled else 'removed '}{kind} {slug!r}.")
    return found
