"""Writes of labels. Nothing is overwritten: a new judgement replaces the former one, which stays as history."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from app.annotation.models import StepLabel
from app.config.problems import Absent, Invalid
from app.explorer.models import Node, Run
from app.explorer.services.session import session_touch
from app.teams.models import User

RATINGS = (-1, 0, 1, None)
MOST_TAGS = 20


@transaction.atomic
def label_set(
    *,
    run: Run,
    user: User,
    node_index: int,
    rating: int | None,
    unsure: bool = False,
    tags: Sequence[str] = (),
    comment: str = "",
) -> StepLabel:
    """What `user` thinks of a step: −1 bad, 0 neutral, +1 good, None takes the mark back.

    Raises:
        Absent: the run has no such node.
        Invalid: a rating there is not, or the problem itself, which is no step.
    """
    if rating not in RATINGS or isinstance(rating, bool):
        raise Invalid.field("rating", f"{rating!r} is no rating", "-1 bad, 0 neutral, 1 good, or null to unmark")
    if node_index == 0:
        raise Invalid.field("node", "node 0 is the problem itself, not a step", "label a step below it")
    if not Node.objects.filter(run_id=run.pk, index=node_index).exists():
        raise Absent(f"Run {run.pk} has no node {node_index}; it has {run.nodes} so far, numbered from 0.")
    tags = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))[:MOST_TAGS]
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two tabs of one annotator, one after the other
    current = StepLabel.objects.filter(
        run=run,
        node_index=node_index,
        annotator=user,
        source=StepLabel.Source.HUMAN,
        model="",
        replaced_at__isnull=True,
    ).first()
    content = {"rating": rating, "unsure": unsure, "tags": tags, "comment": comment.strip()}
    if current is not None and all(getattr(current, name) == value for name, value in content.items()):
        return current
    now = timezone.now()
    if current is not None:
        StepLabel.objects.filter(pk=current.pk).update(replaced_at=now)
    label = StepLabel(run=run, node_index=node_index, annotator=user, created_at=now, **content)
    label.full_clean(exclude=["run", "annotator"])
    label.save()
    session_touch(run.session_id)
    return label
