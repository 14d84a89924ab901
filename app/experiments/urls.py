"""Addresses of the experiments' pages."""

from __future__ import annotations

from django.urls import path

from app.experiments import pages

urlpatterns = [
    path("experiments", pages.experiments, name="experiments"),
    path("experiments/new", pages.new_experiment, name="new-experiment"),
    path("experiments/<uuid:experiment_id>", pages.experiment, name="experiment"),
]
