"""The REST endpoints of the explorer."""

from __future__ import annotations

from ninja import Router

from app.explorer.api.commands import router as commands
from app.explorer.api.nodes import router as nodes
from app.explorer.api.recordings import router as recordings
from app.explorer.api.rollouts import router as rollouts
from app.explorer.api.runs import router as runs
from app.explorer.api.sessions import router as sessions
from app.explorer.api.strategies import router as strategies

router = Router()
for part in (strategies, sessions, runs, recordings, commands, nodes, rollouts):
    router.add_router("", part)
