"""Reads of the registry."""

from __future__ import annotations

from typing import Any

import structlog
from django.db.models import QuerySet

from app.registry.models import LanguageModel
from search.model_file import ModelFileError
from search.models import built_in, catalogue

log = structlog.get_logger(__name__)


def model_default(kind: str) -> LanguageModel | None:
    """The enabled default of that kind; without a marked one the oldest."""
    enabled = LanguageModel.objects.filter(kind=kind, enabled=True)
    return enabled.order_by("-default", "pk").first()


def model_named(kind: str, slug: str) -> LanguageModel | None:
    """The enabled model of that kind and name."""
    return LanguageModel.objects.filter(kind=kind, slug=slug, enabled=True).first()


def model_offered(kind: str, slug: str, team: int | None) -> LanguageModel | None:
    """The enabled model of that kind and name, if a run of the team may have it; without a team, everybody's only."""
    found = model_named(kind, slug)
    return found if found is not None and found.team_id in (None, team) else None


def models_archived() -> QuerySet[LanguageModel]:
    """Models that were added by page and removed, and that old runs name."""
    return LanguageModel.objects.filter(configuration__isnull=False, enabled=False)


def configured_where(slug: str) -> str:
    """Where the settings of a model that was added by page can be mended, for messages."""
    return f"the settings of {slug} on the page Models"


def models_listed(models: QuerySet[LanguageModel] | None = None) -> list[dict[str, Any]]:
    """Every enabled one of `models` (everybody's) as the API shows it. Where its weights lie is left out."""
    try:
        ready = {(entry["kind"], entry["slug"]): entry["ready"] for entry in catalogue()}
    except ModelFileError as error:  # edited since the start: a run with such a model will say what is wrong
        log.warning("the file of models cannot be read", error=str(error))
        ready = {(model["kind"], model["slug"]): model["ready"] for model in built_in()}
    return [
        {
            "slug": model.slug,
            "title": model.title,
            "kind": model.kind,
            "engine": model.engine,
            "default": model.default,
            "domains": model.domains,
            "examples": model.examples,
            "ready": ready.get((model.kind, model.slug), False) if model.builtin else True,
        }
        for model in (LanguageModel.objects.filter(team=None) if models is None else models).filter(enabled=True)
    ]
