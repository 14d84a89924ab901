"""Django's entry for the app; the built-in models are registered whenever migrations have run."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def register_builtin_models(sender: AppConfig, **_: Any) -> None:
    """Bring the table up to date with the models that come with this version of Espalier."""
    from app.registry.services import builtin_models_ensure

    builtin_models_ensure()


class RegistryConfig(AppConfig):
    """Policies and reward models."""

    name = "app.registry"
    label = "registry"

    def ready(self) -> None:
        """`migrate` runs at every start of `make run`, so a new built-in model appears with the new version."""
        post_migrate.connect(register_builtin_models, sender=self)
