"""Reads of the registry."""

from __future__ import annotations

from typing import Any

from app.registry.models import LanguageModel
from search.models import catalogue


def model_default(kind: str) -> LanguageModel | None:
    """The enabled default of that kind; without a marked one the oldest."""
    enabled = LanguageModel.objects.filter(kind=kind, enabled=True)
    return enabled.order_by("-default", "pk").first()


def model_named(kind: str, slug: str) -> LanguageModel | None:
    """The enabled model of that kind and name."""
    return LanguageModel.objects.filter(kind=kind, slug=slug, enabled=True).first()


def models_listed() -> list[dict[str, Any]]:
    """Every enabled model as the API shows it. Where its weights lie is an admin's business and left out."""
    builtin = {(entry["kind"], entry["slug"]): entry["ready"] for entry in catalogue()}
    return [
        {
            "slug": model.slug,
            "title": model.title,
            "kind": model.kind,
            "engine": model.engine,
            "default": model.default,
            "domains": model.domains,
            "examples": model.examples,
            "ready": builtin.get((model.kind, model.slug), True) if model.builtin else True,
        }
        for model in LanguageModel.objects.filter(enabled=True)
    ]
