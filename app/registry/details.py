"""What the page of models says about one: how it is asked, whether it works, and who uses it."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from pydantic import ValidationError

from app.config.errands import CANCELLED
from app.explorer.models import Run, RunState
from app.registry.models import LanguageModel, ModelCheck, ModelTrial
from app.registry.selectors import models_listed
from search.model_file import (
    RESERVED,
    ModelFileError,
    RewardModel,
    ServerModel,
    configured_policies,
    configured_rewards,
    policy_described,
    reward_described,
)
from search.models import EMBEDDED_JOINED
from search.policies.base import Sampling
from search.templates import EMBEDDED_POLICY, EMBEDDED_REWARD

NOT_TOLD = "An admin sees why."
MOVING = [RunState.QUEUED, RunState.RUNNING, RunState.PAUSED]


def details(
    models: QuerySet[LanguageModel], runs: QuerySet[Run], *, admin: bool, only: tuple[str, str] | None = None
) -> list[dict[str, Any]]:
    """Every enabled one of `models` (or `only` that kind and slug) as `ModelDetail`; usage is counted in `runs`.

    Where a model lies, its settings, and what exactly is wrong with the file of models, is told to admins.
    """
    listed = [one for one in models_listed(models) if only in (None, (one["kind"], one["slug"]))]
    rows = {(model.kind, model.slug): model for model in models.filter(enabled=True)}
    usage = {kind: _usage(runs, kind) for kind in LanguageModel.Kind.values}
    return [
        one | _detail(rows[one["kind"], one["slug"]], one["ready"], admin) | usage[one["kind"]].get(one["slug"], UNUSED)
        for one in listed
    ]


UNUSED = {"runs": 0, "under_way": 0, "last_run_at": None}


def _usage(runs: QuerySet[Run], kind: str) -> dict[str, dict[str, Any]]:
    """Per slug how many runs name it, how many of them are under way, and when the newest was started."""
    counted = runs.values(kind).annotate(
        runs=Count("pk"), under_way=Count("pk", filter=Q(state__in=MOVING)), last_run_at=Max("created_at")
    )
    return {row[kind]: {name: row[name] for name in UNUSED} for row in counted.order_by() if row[kind] is not None}


def _detail(model: LanguageModel, ready: bool, admin: bool) -> dict[str, Any]:
    entry, trouble = _entry(model, admin)
    if trouble is None and not ready:
        folder = getattr(entry, "folder", None)
        where = f"{folder} has no config.json" if admin and folder is not None else "Its weights are not there yet"
        trouble = f"{where}. A run that names it would fail."
    location = model.location or (entry.base_url if isinstance(entry, ServerModel) else getattr(entry, "folder", None))
    return {
        "template": _template(model, entry),
        "delimiter": getattr(entry, "delimiter", "\n") if model.kind == LanguageModel.Kind.POLICY else None,
        "sampling": _sampling(model),
        "location": str(location) if admin and location else None,
        "added": model.configuration is not None,
        "configuration": model.configuration if admin else None,
        "trouble": trouble,
        "last_trial": _last_trial(model),
    }


def _last_trial(model: LanguageModel) -> dict[str, Any] | None:
    """How the newest trial went, or the check that it passed since."""
    tried = ModelTrial.objects.filter(kind=model.kind, slug=model.slug)
    last = tried.exclude(state=CANCELLED).order_by("-created_at").first()
    passed = ModelCheck.objects.filter(kind=model.kind, slug=model.slug, state=ModelCheck.State.COMPLETED)
    check = passed.order_by("-created_at").first() if model.configuration is not None else None
    newest = max([one for one in (last, check) if one is not None], key=lambda one: one.created_at, default=None)
    return None if newest is None else {"state": newest.state, "at": newest.created_at}


def _entry(model: LanguageModel, admin: bool) -> tuple[Any, str | None]:
    """Its settings, where it was added by page or in the file of models (None for others), and what is wrong there."""
    policy = model.kind == LanguageModel.Kind.POLICY
    if model.configuration is not None:
        try:
            return (policy_described if policy else reward_described)(model.configuration), None
        except ValidationError as error:  # of another version of Espalier
            return None, f"Its settings cannot be read any more: {error}" if admin else NOT_TOLD
    try:
        of_kind = configured_policies() if policy else configured_rewards()
    except ModelFileError as error:
        built_in = model.slug in RESERVED
        return None, None if built_in else (str(error) if admin else f"The file of models cannot be read. {NOT_TOLD}")
    return of_kind.get(model.slug), None


def _template(model: LanguageModel, entry: Any) -> dict[str, Any] | None:
    """How text for it is written; None where its convention says so when it is loaded."""
    if model.slug in ("embedded", EMBEDDED_JOINED):
        return (EMBEDDED_POLICY if model.kind == LanguageModel.Kind.POLICY else EMBEDDED_REWARD).as_dict()
    if entry is None:
        return model.template
    if isinstance(entry, RewardModel):
        return entry.template
    template: dict[str, Any] = entry.template_named(model.slug).as_dict()
    return template


def _sampling(model: LanguageModel) -> dict[str, Any] | None:
    """What runs that name nothing else take."""
    if model.kind != LanguageModel.Kind.POLICY:
        return None
    own = Sampling()
    defaults = {"temperature": own.temperature, "top_p": own.top_p, "max_step_tokens": own.max_step_tokens}
    return defaults | {"stop": list(own.stop)} | (model.settings.get("sampling") or {})
