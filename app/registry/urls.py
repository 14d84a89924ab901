"""Addresses of the registry's page."""

from __future__ import annotations

from django.urls import path

from app.registry import pages

urlpatterns = [path("models", pages.models, name="models")]
