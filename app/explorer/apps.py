"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class ExplorerConfig(AppConfig):
    """Sessions, runs, nodes."""

    name = "app.explorer"
    label = "explorer"
