"""Addresses of the explorer's pages."""

from __future__ import annotations

from django.urls import path

from app.explorer import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("new", pages.new_run, name="new-run"),
    path("sessions/<uuid:session_id>", pages.session_page, name="session"),
    path("sessions/<uuid:session_id>/compare", pages.compare_page, name="compare"),
    path("runs/<uuid:run_id>", pages.run_page, name="run"),
]
