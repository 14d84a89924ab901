"""Reads of cuts. They are about one's own marks, so everybody sees their own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.annotation.models import StepCut
from app.explorer.models import Run
from app.teams.models import User


def own_cuts(user: User, run: Run, nodes: Collection[int] | None = None) -> list[dict[str, Any]]:
    """The caller's current cuts, by node; of some nodes only."""
    rows = StepCut.objects.filter(run=run, annotator=user, replaced_at__isnull=True)
    if nodes is not None:
        rows = rows.filter(node_index__in=nodes)
    found = rows.order_by("node_index").values_list("node_index", "joined", "parts")
    return [{"node": node, "joined": joined, "parts": parts} for node, joined, parts in found]
