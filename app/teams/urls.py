"""Addresses of the teams app's pages."""

from __future__ import annotations

from django.urls import path

from app.teams import pages

urlpatterns = [
    path("login/", pages.log_in, name="login"),
    path("logout/", pages.log_out, name="logout"),
    path("s/<str:token>", pages.open_share_link, name="share-link"),
    path("account/tokens", pages.api_tokens, name="api-tokens"),
]
