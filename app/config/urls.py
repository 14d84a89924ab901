"""The address space: the API, then the pages of each app."""

from __future__ import annotations

from django.urls import include, path

from app.config.api import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("app.teams.urls")),
    path("", include("app.explorer.urls")),
    path("", include("app.annotation.urls")),
    path("", include("app.experiments.urls")),
    path("", include("app.registry.urls")),
]
