"""Settling a disagreement: a label of its own, beside everybody's marks."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from app.annotation.agreement.marks import ADJUDICATED
from app.annotation.models import QueueItem, StepLabel
from app.config.problems import Invalid
from app.explorer.services.session import session_touch
from app.teams.models import User


@transaction.atomic
def item_adjudicate(*, item: QueueItem, user: User, ratings: Mapping[int, int | None], comment: str = "") -> None:
    """What is true of the steps of a path, as `user` settles it: human labels marked `adjudicated`.

    A step has one adjudicated label, whoever gave it: a new one replaces the former, null takes it back. Nobody's own
    marks change.

    Raises:
        Invalid: a node that is not on the path.
    """
    for node in ratings:
        if node not in item.path:
            raise Invalid.field(f"ratings.{node}", "is not on this path", f"nodes of {item.path}")
    QueueItem.objects.select_for_update().get(pk=item.pk)
    now = timezone.now()
    StepLabel.objects.filter(
        run=item.run_id, node_index__in=ratings, source=StepLabel.Source.HUMAN, model=ADJUDICATED,
        replaced_at__isnull=True,
    ).update(replaced_at=now)  # fmt: skip
    for node, rating in ratings.items():
        if rating is None:
            continue
        label = StepLabel(
            run=item.run, node_index=node, annotator=user, model=ADJUDICATED, rating=rating, comment=comment.strip(),
            created_at=now,
        )  # fmt: skip
        label.full_clean(exclude=["run", "annotator"])
        label.save()
    session_touch(item.run.session_id)
