"""What a training may start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from django.db.models import Q

from app.registry.models import LanguageModel
from search.model_file import ModelFileError, configured_policies, configured_rewards
from search.models import WEIGHTS
from search.rewards.kinds import kind_of
from search.training.names import POLICY


class Base(TypedDict):
    """`name` as `python -m search train --base` takes it, but for the slug in place of a folder."""

    name: str
    title: str


def bases_for(team: int) -> list[Base]:
    """Rewards that are token classifiers, and policies of this machine whose body may get a fresh head."""
    found: list[Base] = []
    models = LanguageModel.objects.filter(Q(team=None) | Q(team=team), enabled=True).order_by("-default", "title", "pk")
    for model in models.filter(kind=LanguageModel.Kind.REWARD):
        said = model.configuration or {}
        if "template" in said or "label" in said:  # a training reads what the folder itself says
            continue
        folder = base_folder(model.slug)
        if folder is not None and said.get("kind", "trl") == "trl" and _kind(model.slug, folder) == "trl":
            found.append({"name": model.slug, "title": model.title})
    for model in models.filter(kind=LanguageModel.Kind.POLICY):
        if base_folder(POLICY + model.slug) is not None:
            found.append({"name": POLICY + model.slug, "title": f"{model.title}, with a fresh head"})
    return found


def base_folder(name: str) -> Path | None:
    """The folder of a base; None where its weights do not lie on this machine."""
    kind = LanguageModel.Kind.POLICY if name.startswith(POLICY) else LanguageModel.Kind.REWARD
    slug = name.removeprefix(POLICY)
    embedded = {("policy", "embedded"): "policy", ("policy", "embedded_draft"): "draft"}
    embedded["reward", "embedded"] = "process_reward"
    if (kind, slug) in embedded:
        return WEIGHTS / embedded[kind, slug]
    model = LanguageModel.objects.filter(kind=kind, slug=slug).first()
    location = model.location if model is not None else ""
    try:
        entry = (configured_policies() if kind == LanguageModel.Kind.POLICY else configured_rewards()).get(slug)
    except ModelFileError:
        entry = None
    folder = Path(location or getattr(entry, "folder", ""))
    return folder if (folder / "config.json").is_file() else None


def base_argument(name: str) -> str:
    """The base for the command line: built-in ones by their name, others by their folder."""
    prefix = POLICY if name.startswith(POLICY) else ""
    slug = name.removeprefix(POLICY)
    return name if slug in ("embedded", "embedded_draft") else f"{prefix}{base_folder(name)}"


def _kind(slug: str, folder: Path) -> str | None:
    if slug == "embedded":
        return "trl"
    for settings, key in ((folder / "espalier.json", "kind"), (folder / "config.json", "architectures")):
        if settings.is_file() and (said := json.loads(settings.read_text(encoding="utf-8")).get(key)):
            return said if key == "kind" else kind_of(said)
    return None
