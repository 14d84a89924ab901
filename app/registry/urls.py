"""Addresses of the registry's pages."""

from __future__ import annotations

from django.urls import path

from app.registry import pages

urlpatterns = [
    path("models", pages.models, name="models"),
    path("models/new", pages.new, name="new-model"),
    path("models/<kind>/<slug>/change", pages.change, name="change-model"),
]
