"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """The live feed; it has no tables of its own."""

    name = "app.live"
    label = "live"
