"""Writes of preferences. As with labels nothing is overwritten: what is replaced stays as history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from app.annotation.models import SiblingPreference, StepLabel, Verdict
from app.config.problems import Absent, FieldError, Invalid
from app.explorer.models import Node, Run
from app.explorer.services.session import session_touch
from app.teams.models import User
from search.creation_keys import bond_of

VERDICTS = {"better": Verdict.FIRST, "worse": Verdict.SECOND, "tie": Verdict.TIE, "unsure": Verdict.UNSURE}
"""What a person says of a step beside another, for the older one of the two."""
TURNED = {Verdict.FIRST: Verdict.SECOND, Verdict.SECOND: Verdict.FIRST}


@transaction.atomic
def preferences_set(
    *, run: Run, user: User, preferences: Sequence[Mapping[str, Any]]
) -> list[SiblingPreference | tuple[int, int]]:
    """What `user` thinks of pairs of siblings, all of them or none: `{node, other, verdict}`.

    `verdict` says that `node` is `better` or `worse` than `other`, that neither is (`tie`), or that the person is
    `unsure`; None takes the judgement back. Returns each as kept, or the pair that nothing is said of any more.

    Raises:
        Absent: the run has no such node.
        Invalid: the two do not go on from the same step; the field is named `preferences.<place>.…`.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two tabs of one annotator, one after the other
    kept = []
    for place, one in enumerate(preferences):
        try:
            kept.append(_set(run, user, one["node"], one["other"], one["verdict"]))
        except Invalid as refusal:
            errors = [FieldError(f"preferences.{place}.{e.field}", e.message, e.mend) for e in refusal.errors]
            raise Invalid(f"preferences.{place}.{refusal.detail}", errors) from refusal
    if kept:
        session_touch(run.session_id)
    return kept


def _set(run: Run, user: User, node: int, other: int, said: str | None) -> SiblingPreference | tuple[int, int]:
    _check_siblings(run, node, other)
    first, second = sorted((node, other))
    verdict = None if said is None else VERDICTS[said]
    if verdict is not None and node > other:
        verdict = TURNED.get(verdict, verdict)
    judge: dict[str, Any] = {"annotator": user, "source": StepLabel.Source.HUMAN, "model": ""}
    found = SiblingPreference.objects.filter(run=run, first=first, second=second, replaced_at__isnull=True, **judge)
    current = found.first()
    if current is not None and current.verdict == verdict:
        return current
    now = timezone.now()
    found.update(replaced_at=now)
    if verdict is None:
        return first, second
    preference = SiblingPreference(run=run, first=first, second=second, verdict=verdict, created_at=now, annotator=user)
    preference.full_clean(exclude=["run", "annotator"])
    preference.save()
    return preference


def _check_siblings(run: Run, node: int, other: int) -> None:
    if node == other:
        raise Invalid.field("other", "is the same step", "another way to go on from the step before")
    rows = Node.objects.filter(run_id=run.pk, index__in=(node, other)).values_list("index", "parents", "key")
    above = {index: _goes_on_from(parents, key) for index, parents, key in rows}
    for index in (node, other):
        if index not in above:
            raise Absent(f"Run {run.pk} has no node {index}; it has {run.nodes} so far, numbered from 0.")
    if above[node] is None or above[node] != above[other]:
        raise Invalid.field("other", f"nodes {node} and {other} do not go on from the same step", "two siblings")


def _goes_on_from(parents: Sequence[int], key: str) -> int | None:
    """The step before; None for the problem, and for plans and critiques, which are no steps."""
    bond = bond_of(key)
    if not parents or bond == ":":
        return None
    return 0 if bond == "/" else parents[0]
