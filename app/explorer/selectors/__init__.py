"""Reads of the explorer. Who may read is decided before, by `app.teams.permissions.visible_to`."""

from __future__ import annotations

from app.explorer.selectors.charts import charts_of
from app.explorer.selectors.commands import commands_page
from app.explorer.selectors.comparison import comparison_of, runs_to_compare
from app.explorer.selectors.events import events_page, journal_events
from app.explorer.selectors.nodes import node_detail, nodes_page
from app.explorer.selectors.packed import packed_skeleton
from app.explorer.selectors.queue import queue_places
from app.explorer.selectors.recipe import journal_lines, recipe_of
from app.explorer.selectors.runs import run_shape, runs_page
from app.explorer.selectors.selections import selections_of
from app.explorer.selectors.sessions import session_shape, sessions_page
from app.explorer.selectors.skeleton import skeleton

__all__ = [
    "charts_of",
    "commands_page",
    "comparison_of",
    "events_page",
    "journal_events",
    "journal_lines",
    "node_detail",
    "nodes_page",
    "packed_skeleton",
    "queue_places",
    "recipe_of",
    "run_shape",
    "runs_page",
    "runs_to_compare",
    "selections_of",
    "session_shape",
    "sessions_page",
    "skeleton",
]
