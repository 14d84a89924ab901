"""Adding, changing and removing models by page: a check by a worker first, the registry only if it passes."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from app.config.errands import Errand, errand_send
from app.config.problems import Conflict, FieldError, Invalid
from app.explorer.doorbell import task_send
from app.explorer.services.run import INTERACTIVE
from app.explorer.services.session import team_for
from app.registry.configuration import Entry, configuration_read
from app.registry.models import LanguageModel, ModelCheck
from app.registry.uses import busy_with, named_anywhere
from app.teams.models import User
from search.model_file import (
    RESERVED,
    ModelFileError,
    RewardModel,
    ServerModel,
    configured_policies,
    configured_rewards,
)

CHECK_TASK = "registry.check_model"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


@transaction.atomic
def model_check_create(*, user: User, kind: str, slug: str, given: dict[str, Any]) -> ModelCheck:
    """A new model, once a worker has seen it work.

    Raises:
        Invalid: names the field and the mend.
    """
    named: Invalid | None = None
    try:
        _check_name(kind, slug)
    except Invalid as error:
        named = error
    try:
        entry = configuration_read(kind, given)
    except Invalid as error:  # all at once: nobody likes to mend a form three times
        raise error if named is None else Invalid(named.detail, [*named.errors, *error.errors]) from error
    if named is not None:
        raise named
    return _send(user, kind, slug, entry, replaces=False)


@transaction.atomic
def model_change(*, user: User, model: LanguageModel, given: dict[str, Any]) -> ModelCheck:
    """Other settings for a model that was added by page, once a worker has seen it work with them.

    Raises:
        Conflict: it was not added by page, or is in use.
        Invalid: names the field and the mend.
    """
    _check_ours(model)
    _check_idle(model, "changed")
    entry = configuration_read(model.kind, given)
    return _send(user, model.kind, model.slug, entry, replaces=True)


@transaction.atomic
def model_store(check: ModelCheck, result: dict[str, Any]) -> bool:
    """What a check found good enters the registry, and with it the check is done; both or neither.

    False where the check was cancelled meanwhile.

    Raises:
        Invalid, Conflict: meanwhile there is another model of this name, or the old one is in use.
    """
    rows = ModelCheck.objects.select_for_update().filter(pk=check.pk, finished_at__isnull=True)
    if not rows.exists():
        return False
    entry = configuration_read(check.kind, check.configuration)
    existing = LanguageModel.objects.select_for_update().filter(kind=check.kind, slug=check.slug)
    if check.replaces:
        model = existing.filter(configuration__isnull=False).first()
        if model is None:
            raise Conflict(f"Meanwhile the {check.kind} {check.slug} was removed. Add it anew.")
        _check_idle(model, "changed")
    else:
        model = LanguageModel(kind=check.kind, slug=check.slug)
    for name, value in _columns(entry, check.slug).items():
        setattr(model, name, value)
    try:
        with transaction.atomic():
            model.save()
    except IntegrityError as error:
        raise _taken(check.kind, check.slug) from error
    rows.update(state=Errand.State.COMPLETED, result=result, finished_at=timezone.now())
    return True


@transaction.atomic
def model_remove(*, model: LanguageModel) -> None:
    """Offered no more. One that some run has named stays in the archive, so that old runs keep their record.

    Raises:
        Conflict: it was not added by page, or is in use.
    """
    model = LanguageModel.objects.select_for_update().get(pk=model.pk)
    _check_ours(model)
    _check_idle(model, "removed")
    if named_anywhere(model):
        model.enabled, model.default = False, False
        model.save(update_fields=["enabled", "default"])
    else:
        model.delete()


@transaction.atomic
def model_restore(*, model: LanguageModel) -> LanguageModel:
    """Out of the archive again, as it was."""
    _check_ours(model)
    model.enabled = True
    model.save(update_fields=["enabled"])
    return model


def check_ring(check_id: str) -> None:
    """Tell a worker."""
    task_send(CHECK_TASK, [check_id], INTERACTIVE)


def _send(user: User, kind: str, slug: str, entry: Entry, *, replaces: bool) -> ModelCheck:
    settings = entry.model_dump(mode="json", exclude_unset=True)
    check = ModelCheck(
        team=team_for(user, None), kind=kind, slug=slug, configuration=settings, replaces=replaces, created_by=user
    )
    check.full_clean(exclude=["team", "created_by"])
    errand_send(check, check_ring)
    return check


def _columns(entry: Entry, slug: str) -> dict[str, Any]:
    """A model's row, from its settings."""
    columns = {
        "title": (entry.title or slug).strip(),
        "configuration": entry.model_dump(mode="json", exclude_unset=True),
        "location": entry.base_url if isinstance(entry, ServerModel) else str(entry.folder),
        "domains": entry.domains,
        "examples": entry.examples,
    }
    if isinstance(entry, RewardModel):
        return columns | {"engine": entry.runs_in, "settings": {}, "template": entry.template}
    template = entry.template_named(slug).as_dict()
    return columns | {
        "engine": entry.kind, "settings": {"sampling": entry.sampling_defaults}, "template": template
    }  # fmt: skip


def _check_name(kind: str, slug: str) -> None:
    if NAME.fullmatch(slug) is None:
        mend = "letters, digits, dots, dashes and underscores, a letter or digit first; at most 120"
        raise Invalid.field("slug", f"{slug!r} is no name", mend)
    found = LanguageModel.objects.filter(kind=kind, slug=slug).first()
    if found is not None and not found.enabled and found.configuration is not None:
        mend = "restore it on the page Models, or choose another name"
        raise Invalid(
            f"slug: a removed {kind} is called {slug!r}",
            [FieldError("slug", f"a removed {kind} that old runs name is called {slug!r}", mend)],
        )
    if found is not None or slug in RESERVED or slug in _of_the_file(kind):
        raise _taken(kind, slug)


def _taken(kind: str, slug: str) -> Invalid:
    return Invalid.field("slug", f"there is a {kind} {slug!r} already", "choose another name")


def _of_the_file(kind: str) -> list[str]:
    try:
        return list(configured_policies() if kind == LanguageModel.Kind.POLICY else configured_rewards())
    except ModelFileError:
        return []  # the page tells its mistake by itself


def _check_ours(model: LanguageModel) -> None:
    if model.configuration is None:
        whence = "comes with Espalier or from the file of models" if model.builtin else "was trained here"
        raise Conflict(f"The {model.kind} {model.slug} {whence}; only models added by page are changed by page.")


def _check_idle(model: LanguageModel, done: str) -> None:
    if busy := busy_with(model):
        raise Conflict(
            f"The {model.kind} {model.slug} cannot be {done} now: {busy} under way with it. Wait for the end, or cancel"
            " what need not go on."
        )
