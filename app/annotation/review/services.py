"""Writes of the labelling page: many marks at once, and the end of a reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from app.annotation.cuts.units import cuts_of, with_joined
from app.annotation.models import Outcome, PathReview, StepLabel
from app.annotation.review.paths import first_error
from app.annotation.review.selectors import existing_path
from app.annotation.selectors import own_labels
from app.annotation.services import label_set
from app.config.problems import FieldError, Invalid
from app.explorer.models import Run
from app.teams.models import User

WHOLE_PATH = (Outcome.BAD_PROBLEM, Outcome.GIVE_UP)
"""Outcomes about the whole path, which need no marks."""


@transaction.atomic
def labels_set(*, run: Run, user: User, labels: Sequence[Mapping[str, Any]]) -> list[StepLabel]:
    """Several marks of one person, all of them or none; each as `label_set` takes it, with `node`.

    Raises:
        Absent, Invalid: as `label_set`; the field is named `labels.<place>.…`.
    """
    kept = []
    for place, label in enumerate(labels):
        try:
            content = {name: value for name, value in label.items() if name != "node"}
            kept.append(label_set(run=run, user=user, node_index=label["node"], **content))
        except Invalid as refusal:
            errors = [FieldError(f"labels.{place}.{e.field}", e.message, e.mend) for e in refusal.errors]
            raise Invalid(f"labels.{place}.{refusal.detail}", errors) from refusal
    return kept


@transaction.atomic
def review_submit(
    *,
    run: Run,
    user: User,
    leaf: int,
    outcome: str | None = None,
    comment: str = "",
    seconds: float = 0,
    step_seconds: Mapping[int, float] | None = None,
) -> PathReview:
    """End one person's reading of a path.

    `outcome` is `bad_problem` or `give_up`; None reads it off the marks: a bad step found the error, a path marked to
    its end is a solution. Steps behind the first bad one may stay unmarked; *unsure* counts as marked.

    Raises:
        Absent, Invalid: no such path; an outcome that only the marks can give; a step that is still unmarked.
    """
    path = existing_path(run, leaf)
    if outcome is None:
        outcome = _outcome_of_marks(run, user, path)
    elif outcome not in WHOLE_PATH:
        raise Invalid.field("outcome", f"{outcome!r} is read off the marks", f"one of {', '.join(WHOLE_PATH)}, or null")
    within = set(path)
    times = {str(node): round(spent, 3) for node, spent in sorted((step_seconds or {}).items()) if node in within}
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two tabs of one annotator, one after the other
    now = timezone.now()
    PathReview.objects.filter(run=run, leaf=leaf, annotator=user, replaced_at__isnull=True).update(replaced_at=now)
    review = PathReview(
        run=run, leaf=leaf, annotator=user, outcome=outcome, comment=comment.strip(), seconds=round(seconds, 3),
        step_seconds=times, created_at=now,
    )  # fmt: skip
    review.full_clean(exclude=["run", "annotator"])
    review.save()
    return review


def _outcome_of_marks(run: Run, user: User, path: list[int]) -> Outcome:
    labels = own_labels(user, run, path)
    # For the question whether everything was read, an unsure step counts as read and not as an error.
    marks: dict[int, int | None] = {node: 0 if label["unsure"] else label["rating"] for node, label in labels.items()}
    with_joined(marks, path, cuts_of(user.pk, run.pk, path))
    found = first_error(marks, path)
    if found is None:
        place = next(place for place, node in enumerate(path) if marks.get(node) is None)
        raise Invalid.field(
            f"labels.{place}",
            f"step {place + 1} is not marked",
            "1 bad, 2 neutral, 3 good, u unsure, or x on the step where the first error is",
        )
    return Outcome.FOUND_ERROR if found >= 0 else Outcome.SOLUTION
