"""Reads of preferences."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from app.annotation.models import SiblingPreference, StepLabel
from app.annotation.selectors import judgements_page
from app.explorer.models import Run
from app.teams.models import User
from app.teams.principals import Principal


def preferences_page(
    principal: Principal, run: Run, *, mine: bool, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Current preferences of a run (or only the caller's) in the order they were given; where the next page starts."""
    page, following = judgements_page(_current(run), principal, run, mine=mine, after=after, limit=limit)
    return [preference_shape(one) for one in page], following


def own_preferences(user: User, run: Run, nodes: Collection[int]) -> list[dict[str, Any]]:
    """The caller's own about pairs of these nodes."""
    found = _current(run).filter(annotator=user, source=StepLabel.Source.HUMAN, model="", first__in=nodes)
    return [preference_shape(one) for one in found.filter(second__in=nodes).order_by("pk")]


def preference_shape(preference: SiblingPreference) -> dict[str, Any]:
    """A preference with who, when and from where."""
    return {
        "first": preference.first,
        "second": preference.second,
        "verdict": preference.verdict,
        "at": preference.created_at,
        "source": preference.source,
        "model": preference.model,
        "by": preference.annotator.username if preference.annotator else None,
    }


def _current(run: Run) -> QuerySet[SiblingPreference]:
    return SiblingPreference.objects.filter(run=run, replaced_at__isnull=True).select_related("annotator")
