"""Django's entry for the app; it adds its labels to the explorer's nodes."""

from __future__ import annotations

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """Step labels and exports."""

    name = "app.annotation"
    label = "annotation"

    def ready(self) -> None:
        """The explorer shows labels without knowing this app."""
        from app.annotation.selectors import node_labels, own_labels
        from app.explorer.node_labels import register

        register(own=own_labels, everybody=node_labels)
