"""Bring your own search: stream its tree to an Espalier while it runs. Standard library only."""

from __future__ import annotations

from search.client.recorder import Recorder, RecorderError

__all__ = ["Recorder", "RecorderError"]
