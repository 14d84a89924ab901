"""Reads of labels, and what nodes show of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from app.annotation.blindness import M, without_hidden
from app.annotation.models import StepLabel
from app.explorer.models import Run
from app.teams.models import User
from app.teams.principals import Principal


def own_labels(principal: Principal, run: Run, indices: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The caller's own current mark of each of these nodes that has one; readers of share links have none."""
    if not isinstance(principal, User) or not indices:
        return {}
    labels = _current(run).filter(
        annotator=principal,
        source=StepLabel.Source.HUMAN,
        model="",
        node_index__gte=min(indices),
        node_index__lte=max(indices),
    )
    wanted = set(indices)
    return {label.node_index: _content(label) for label in labels if label.node_index in wanted}


def node_labels(principal: Principal, run: Run, index: int) -> list[dict[str, Any]]:
    """The current labels of one node that the reader may see, each with its source."""
    found = without_hidden(_current(run), principal, run).filter(node_index=index)
    return [label_shape(label) for label in found.order_by("pk")]


def labels_page(
    principal: Principal, run: Run, *, mine: bool, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Current labels of a run (or only the caller's) in the order they were given, and where the next page starts."""
    page, following = judgements_page(_current(run), principal, run, mine=mine, after=after, limit=limit)
    return [label_shape(label) for label in page], following


def judgements_page(
    current: QuerySet[M], principal: Principal, run: Run, *, mine: bool, after: int, limit: int
) -> tuple[list[M], int | None]:
    """Those of a run's current judgements that the reader may see, in the order they were given; where to go on."""
    found = without_hidden(current, principal, run).filter(pk__gt=after).order_by("pk")
    if mine:
        found = found.filter(annotator=principal) if isinstance(principal, User) else found.none()
    rows = list(found[: limit + 1])
    page = rows[:limit]
    return page, page[-1].pk if len(rows) > limit else None


def label_shape(label: StepLabel) -> dict[str, Any]:
    """A label with who, when and from where."""
    return _content(label) | {
        "node": label.node_index,
        "source": label.source,
        "model": label.model,
        "value": label.value,
        "counts": label.counts,
        "by": label.annotator.username if label.annotator else None,
    }


def _current(run: Run) -> QuerySet[StepLabel]:
    return StepLabel.objects.filter(run=run, replaced_at__isnull=True).select_related("annotator")


def _content(label: StepLabel) -> dict[str, Any]:
    return {
        "rating": label.rating,
        "unsure": label.unsure,
        "tags": label.tags,
        "comment": label.comment,
        "at": label.created_at,
    }
