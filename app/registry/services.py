"""Writes of the registry."""

from __future__ import annotations

from django.db import transaction

from app.registry.models import LanguageModel
from search.models import catalogue, sampling_defaults


@transaction.atomic
def builtin_models_ensure() -> None:
    """Register the models that come with the program and those of the file of models, and bring them up to date.

    What an admin decides (enabled, default, sampling settings of built-in models) is theirs and stays, and so does a
    model that was added by page under a name of the file. A model that the file no longer has is no longer offered.

    Raises:
        ModelFileError: the file of models is wrong; names it and the key.
    """
    by_page = set(LanguageModel.objects.filter(configuration__isnull=False).values_list("kind", "slug"))
    known_now = [entry for entry in catalogue() if (entry["kind"], entry["slug"]) not in by_page]
    for entry in known_now:
        has_default = LanguageModel.objects.filter(kind=entry["kind"], default=True, enabled=True).exists()
        known = {name: entry[name] for name in ("title", "engine", "domains", "examples")}
        if defaults := sampling_defaults(entry["slug"]):
            known |= {"settings": {"sampling": defaults}, "location": ""}
        LanguageModel.objects.update_or_create(
            kind=entry["kind"],
            slug=entry["slug"],
            defaults=known | {"builtin": True},
            create_defaults=known | {"builtin": True, "default": entry["default"] and not has_default},
        )
    slugs = {(entry["kind"], entry["slug"]) for entry in known_now}
    for model in LanguageModel.objects.filter(builtin=True):
        if (model.kind, model.slug) not in slugs:
            model.delete()
