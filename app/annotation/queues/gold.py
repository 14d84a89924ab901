"""Gold items: paths whose truth is known, by which annotators are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.annotation.models import StepLabel
from app.annotation.review.paths import first_error
from app.config.problems import Invalid
from app.explorer.models import NodeState
from app.teams.models import User

EXACT = "exact"
"""The judge that is no person: exact labels, and what the domain said while the search ran."""

Truth = dict[int, int]


def truth_of(judge: User | str, run_id: UUID, path: Sequence[int]) -> Truth | None:
    """What the judge says of the steps up to the first error; None where that is not said of every one of them."""
    if isinstance(judge, str):
        states = NodeState.objects.filter(run_id=run_id, index__in=path, reachable__isnull=False)
        ratings: dict[int, int | None] = {
            index: 1 if reachable else -1 for index, reachable in states.values_list("index", "reachable")
        }
        labels = StepLabel.objects.filter(source=StepLabel.Source.EXACT)
    else:
        ratings = {}
        labels = StepLabel.objects.filter(source=StepLabel.Source.HUMAN, annotator=judge, unsure=False, model="")
    ratings |= labels.filter(
        run=run_id, node_index__in=path, rating__isnull=False, replaced_at__isnull=True
    ).values_list("node_index", "rating")
    return truth_upto_error(ratings, path)


def truth_upto_error(ratings: Mapping[int, int | None], path: Sequence[int]) -> Truth | None:
    """Ratings of the steps up to the first error, or None where one of them has none."""
    found = first_error(dict(ratings), list(path))
    if found is None:
        return None
    known = path if found < 0 else path[: found + 1]
    return {node: int(ratings[node] or 0) for node in known}


def judge_named(name: str | None, members: Mapping[str, User]) -> User | str | None:
    """`exact`, a member of the team, or nobody.

    Raises:
        Invalid: the team has no such member.
    """
    if name is None or name == EXACT:
        return name
    if name not in members:
        raise Invalid.field("gold.by", f"the team has no member {name!r}", f"{EXACT}, or one of {', '.join(members)}")
    return members[name]
