"""What the labelling page reads."""

from __future__ import annotations

from typing import Any

from django.db import connection

from app.annotation.cuts.selectors import own_cuts
from app.annotation.models import PathReview
from app.annotation.preferences.selectors import own_preferences
from app.annotation.review.paths import json_steps, leaves, path_nodes, path_steps
from app.annotation.selectors import own_labels
from app.config.problems import Absent, Invalid
from app.explorer.models import Run
from app.teams.models import User

STANDARD_TAGS = ("verification", "backtracking", "sub-goal", "backward chaining")
"""Patterns of reasoning that a step can show; a team adds its own by using them."""
MOST_TEAM_TAGS = 40
_TAGS = """
SELECT tag FROM annotation_steplabel l
JOIN explorer_run r ON r.id = l.run_id JOIN explorer_session s ON s.id = r.session_id, unnest(l.tags) AS tag
WHERE s.team_id = %s AND l.source = 'human' AND l.replaced_at IS NULL
GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s
"""


def path_view(user: User, run: Run, leaf: int, *, with_rewards: bool = False) -> dict[str, Any]:
    """One path with the reader's own marks and nobody else's; a prefix that was labelled before shows its marks.

    Raises:
        Invalid: node 0 is the problem, not the end of a path.
        Absent: the run has no such node.
    """
    path = existing_path(run, leaf)
    steps, others = path_steps(run.pk, path)
    siblings = [step for ways in others.values() for step in ways]
    shown_nodes = [*path, *(step.node for step in siblings)]
    labels = own_labels(user, run, shown_nodes)
    review = PathReview.objects.filter(run=run, leaf=leaf, annotator=user, replaced_at__isnull=True).first()
    shown = json_steps(steps, labels, with_rewards)
    for step, entry in zip(steps, shown, strict=True):
        entry["siblings"] = json_steps(others.get(step.parent, []), labels, with_rewards)
    return {
        "run": run.pk,
        "session": run.session_id,
        "leaf": leaf,
        "problem": run.problem.text,
        "reference": run.problem.answer,
        "steps": shown,
        "cuts": own_cuts(user, run, shown_nodes),
        "preferences": own_preferences(user, run, shown_nodes),
        "review": review_shape(review) if review else None,
        "tags": team_tags(run.session.team_id),
    }


def existing_path(run: Run, leaf: int) -> list[int]:
    """The steps down to `leaf`.

    Raises:
        Invalid: node 0 is the problem.
        Absent: there is no such node.
    """
    if leaf == 0:
        raise Invalid.field("leaf", "node 0 is the problem itself, not the end of a path", "a node below it")
    path = path_nodes(run.pk, leaf)
    if not path:
        raise Absent(f"Run {run.pk} has no node {leaf}; it has {run.nodes} so far, numbered from 0.")
    return path


def next_leaf(user: User, run: Run, after: int = 0) -> int | None:
    """The next path of the run that this person has not read yet, behind `after` and round again; None at the end."""
    read = set(
        PathReview.objects.filter(run=run, annotator=user, replaced_at__isnull=True).values_list("leaf", flat=True)
    )
    ordered = leaves(run.pk)
    begin = ordered.index(after) + 1 if after in ordered else 0
    return next((leaf for leaf in ordered[begin:] + ordered[:begin] if leaf not in read), None)


def team_tags(team_id: int) -> list[str]:
    """The standard tags, then what the team has used most."""
    with connection.cursor() as cursor:
        cursor.execute(_TAGS, (team_id, MOST_TEAM_TAGS))
        used = [tag for (tag,) in cursor.fetchall()]
    return [*STANDARD_TAGS, *(tag for tag in used if tag not in STANDARD_TAGS)]


def review_shape(review: PathReview) -> dict[str, Any]:
    """A reading as the API shows it."""
    return {
        "run": review.run_id,
        "leaf": review.leaf,
        "outcome": review.outcome,
        "comment": review.comment,
        "seconds": review.seconds,
        "step_seconds": review.step_seconds,
        "by": review.annotator.username,
        "at": review.created_at,
    }
