"""Tables of the explorer: what people write (sessions), what a search is (runs), what it leaves (nodes, events)."""

from __future__ import annotations

from app.explorer.models.journal import Command, Event
from app.explorer.models.node import Node, NodeState
from app.explorer.models.rollout import BranchRollout
from app.explorer.models.run import Run, RunAttempt, RunState
from app.explorer.models.session import Problem, Session

__all__ = [
    "BranchRollout",
    "Command",
    "Event",
    "Node",
    "NodeState",
    "Problem",
    "Run",
    "RunAttempt",
    "RunState",
    "Session",
]
