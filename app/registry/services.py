"""Writes of the registry."""

from __future__ import annotations

from django.db import transaction

from app.registry.models import LanguageModel
from search.models import catalogue


@transaction.atomic
def builtin_models_ensure() -> None:
    """Register the models that come with the program, and bring what the program knows of them up to date.

    What an admin decides (enabled, default, sampling settings) is theirs and stays.
    """
    for entry in catalogue():
        has_default = LanguageModel.objects.filter(kind=entry["kind"], default=True, enabled=True).exists()
        known = {name: entry[name] for name in ("title", "engine", "domains", "examples")}
        LanguageModel.objects.update_or_create(
            kind=entry["kind"],
            slug=entry["slug"],
            defaults=known | {"builtin": True},
            create_defaults=known | {"builtin": True, "default": entry["default"] and not has_default},
        )
