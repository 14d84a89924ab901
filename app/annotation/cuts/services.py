"""Writes of cuts. What is replaced stays as history; the node's label follows from its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from app.annotation.cuts.units import as_cut, mark_of
from app.annotation.models import StepCut, StepLabel
from app.annotation.services import label_set
from app.config.problems import Absent, FieldError, Invalid
from app.explorer.models import Node, Run
from app.explorer.services.session import session_touch
from app.explorer.store.jsonb import restored
from app.teams.models import User
from search.creation_keys import bond_of


@transaction.atomic
def cuts_set(*, run: Run, user: User, cuts: Sequence[Mapping[str, Any]]) -> list[StepLabel | None]:
    """How `user` cuts some nodes, all or none: `{node, joined, parts}`, where parts are `{end, rating, unsure}`.

    A cut that neither joins nor divides takes the former one back. Returns the label that each divided node has now.

    Raises:
        Absent: the run has no such node.
        Invalid: parts that do not divide the text, or nothing to join with; the field is named `cuts.<place>.…`.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two tabs of one annotator, one after the other
    labels = []
    for place, cut in enumerate(cuts):
        try:
            labels.append(_set(run, user, cut["node"], bool(cut["joined"]), list(cut["parts"])))
        except Invalid as refusal:
            errors = [FieldError(f"cuts.{place}.{e.field}", e.message, e.mend) for e in refusal.errors]
            raise Invalid(f"cuts.{place}.{refusal.detail}", errors) from refusal
    session_touch(run.session_id)
    return labels


def _set(run: Run, user: User, index: int, joined: bool, parts: list[Mapping[str, Any]]) -> StepLabel | None:
    node = Node.objects.filter(run_id=run.pk, index=index).first()
    if node is None:
        raise Absent(f"Run {run.pk} has no node {index}; it has {run.nodes} so far, numbered from 0.")
    if not node.parents or bond_of(node.key) == ":":
        raise Invalid.field("node", f"node {index} is no step", "cut a step below the problem")
    if joined and (node.parents[0] == 0 or bond_of(node.key) == "/"):
        raise Invalid.field("joined", "no step comes before this one", "join a later step to this one")
    _check_parts(parts, len(restored(node.text)))
    plain = [{"end": part["end"], "rating": part["rating"], "unsure": part["unsure"]} for part in parts]
    now = timezone.now()
    rows = StepCut.objects.filter(run=run, node_index=index, annotator=user, replaced_at__isnull=True)
    current = rows.first()
    if current is None or (current.joined, current.parts) != (joined, plain):
        rows.update(replaced_at=now)
        if joined or plain:
            cut = StepCut(
                run=run, node_index=index, annotator=user, joined=joined, parts=plain, created_at=now
            )  # fmt: skip
            cut.full_clean(exclude=["run", "annotator"])
            cut.save()
    return _label(run, user, index, plain) if plain else None


def _label(run: Run, user: User, index: int, parts: list[dict[str, Any]]) -> StepLabel:
    rating, unsure = mark_of(as_cut(False, parts).parts)
    former = StepLabel.objects.filter(
        run=run, node_index=index, annotator=user, source=StepLabel.Source.HUMAN, model="", replaced_at__isnull=True
    ).first()
    said: dict[str, Any] = {} if former is None else {"tags": former.tags, "comment": former.comment}
    return label_set(run=run, user=user, node_index=index, rating=rating, unsure=unsure, **said)


def _check_parts(parts: Sequence[Mapping[str, Any]], length: int) -> None:
    if not parts:
        return
    if len(parts) == 1:
        raise Invalid.field("parts", "one part divides nothing", "two parts or more, or none")
    begin = 0
    for place, part in enumerate(parts):
        if part["end"] <= begin:
            raise Invalid.field(f"parts.{place}.end", "does not lie behind the part before", f"more than {begin}")
        begin = part["end"]
    if begin != length:
        raise Invalid.field(f"parts.{len(parts) - 1}.end", "is not the end of the text", f"{length}, its length")
