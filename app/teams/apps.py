"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """Users, teams, tokens."""

    name = "app.teams"
    label = "teams"
