"""The address space: the API, then the pages of each app."""

from __future__ import annotations

from django.urls import include, path

from app.config.api import api
from app.config.landing import landed

urlpatterns = [
    path("api/v1/", api.urls),
    *[path("", include(f"app.{name}.urls")) for name in ("teams", "explorer") if landed(f"app.{name}.urls")],
]
