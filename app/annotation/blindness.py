"""Who does not see others' marks: annotators of a run that a blind queue is about, for as long as the queue is open."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from app.annotation.models import LabelQueue, SiblingPreference, StepLabel
from app.explorer.models import Run
from app.teams.models import User
from app.teams.permissions import can
from app.teams.principals import Principal

M = TypeVar("M", StepLabel, SiblingPreference)


def without_hidden(labels: QuerySet[M], principal: Principal, run: Run) -> QuerySet[M]:
    """Labels or preferences without other people's, which `principal` should not see yet. Who makes queues sees all."""
    if can(principal, "edit", run) or not _queued_blind(run):
        return labels
    hidden: Any = Q(source=StepLabel.Source.HUMAN)
    return labels.exclude(hidden & ~Q(annotator=principal)) if isinstance(principal, User) else labels.exclude(hidden)


def _queued_blind(run: Run) -> bool:
    return LabelQueue.objects.filter(blind=True, closed_at__isnull=True, items__run=run).exists()
