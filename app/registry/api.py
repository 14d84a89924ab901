"""`GET /api/v1/models`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from app.registry.selectors import models_listed

router = Router(tags=["models"])


class ModelOut(Schema):
    """A policy or reward model. `domains` empty: it reads any problem; `ready` false: its weights are not there yet."""

    slug: str
    title: str
    kind: str
    engine: str
    default: bool
    domains: list[str]
    examples: list[str]
    ready: bool


class ModelList(Schema):
    """All of them; there is never a next page."""

    items: list[ModelOut]
    next: None = None


@router.get("/models", response=ModelList, summary="Configured policies and reward models")
def models(request: HttpRequest) -> dict[str, Any]:
    """What a run can name as `policy` and `reward`."""
    return {"items": models_listed()}
