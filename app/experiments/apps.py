"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    """Experiments and the cells they are made of."""

    name = "app.experiments"
    label = "experiments"
