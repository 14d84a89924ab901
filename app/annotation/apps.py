"""Django's entry for the app."""

from __future__ import annotations

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Step labels and exports."""

    name = "app.annotation"
    label = "annotation"
