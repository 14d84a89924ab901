"""The page of models, and the form that adds one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from pydantic import BaseModel

from app.explorer.models import Run
from app.registry.api import ModelDetail
from app.registry.configuration import KEY_PREFIX
from app.registry.details import details
from app.registry.models import LanguageModel
from app.registry.selectors import models_archived
from app.teams.permissions import is_admin, visible_to
from search.domains import DOMAINS
from search.model_file import (
    VARIABLE,
    FolderModel,
    ModelFileError,
    RewardModel,
    ServerModel,
    VllmModel,
    configured_policies,
    configured_rewards,
    model_file,
)
from search.policies.base import Sampling
from search.rewards.kinds import KINDS

MOST_FOLDERS = 40


@never_cache
@require_safe
@login_required
def models(request: HttpRequest) -> HttpResponse:
    """Every model: in order or not, how it is asked, who uses it; and a place to try it."""
    user = request.user
    admin = is_admin(user)
    found = details(visible_to(user, LanguageModel), visible_to(user, Run), admin=admin)
    props = {
        "models": [ModelDetail.model_validate(one).model_dump(mode="json") for one in found],
        "archived": list(models_archived().values("kind", "slug", "title")) if admin else [],
        "file": {"variable": VARIABLE, "path": str(model_file() or "") or None, "trouble": _trouble()}
        if admin
        else None,
    }
    return render(request, "registry/models.html", {"props": props})


@never_cache
@require_safe
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """The form that adds a model."""
    return _form(request, None)


@never_cache
@require_safe
@login_required
def change(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    """The same form for a model that was added by page."""
    if not is_admin(request.user):
        raise PermissionDenied
    found = LanguageModel.objects.filter(kind=kind, slug=slug, configuration__isnull=False, enabled=True).first()
    if found is None:
        raise Http404
    return _form(request, {"kind": found.kind, "slug": found.slug, "settings": found.configuration})


def _form(request: HttpRequest, model: dict[str, Any] | None) -> HttpResponse:
    if not is_admin(request.user):
        raise PermissionDenied
    shapes: dict[str, type[BaseModel]] = {
        "transformers": FolderModel,
        "openai": ServerModel,
        "vllm": VllmModel,
        "reward": RewardModel,
    }
    props = {
        "model": model,
        "shapes": {name: shape.model_json_schema() for name, shape in shapes.items()},
        "conventions": [{"name": name, "title": title} for name, title in KINDS.items()],
        "domains": list(DOMAINS),
        "sampling": {name: getattr(Sampling(), name) for name in ("temperature", "top_p", "max_step_tokens")},
        "roots": [str(root) for root in settings.MODEL_FOLDERS],
        "folders": _folders(),
        "keyPrefix": KEY_PREFIX,
    }
    return render(request, "registry/new_model.html", {"props": props})


def _folders() -> list[str]:
    """Folders of models as far as this machine has them; the workers' may have others."""
    found: list[Path] = []
    for root in settings.MODEL_FOLDERS:
        try:
            found += [path.parent for path in [*root.glob("*/config.json"), *root.glob("*/*/config.json")]]
        except OSError:
            continue
    return sorted(map(str, found))[:MOST_FOLDERS]


def _trouble() -> str | None:
    """What is wrong with the file of models."""
    try:
        named = [("policy", slug) for slug in configured_policies()] + [
            ("reward", slug) for slug in configured_rewards()
        ]
    except ModelFileError as error:
        return str(error)
    by_page = set(LanguageModel.objects.filter(configuration__isnull=False).values_list("kind", "slug"))
    hidden = [f"{kind} {slug}" for kind, slug in named if (kind, slug) in by_page]
    if hidden:
        return (
            f"It names what was added by page, too, and is not heeded there: {', '.join(hidden)}. Rename one of them."
        )
    return None
