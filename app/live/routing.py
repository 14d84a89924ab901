"""Websocket addresses."""

from __future__ import annotations

from django.urls import path

from app.live.consumer import RunConsumer

websocket_urlpatterns = [path("ws/runs/<uuid:run>/", RunConsumer.as_asgi())]
