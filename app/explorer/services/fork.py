"""Forking: a new run that shares the beginning of another one's journal and then goes its own way."""

from __future__ import annotations

from app.config.problems import Conflict
from app.explorer.models import Run
from app.explorer.schemas import ForkIn
from app.teams.models import User


def run_fork(*, run: Run, user: User, wanted: ForkIn) -> Run:
    raise Conflict("later")
