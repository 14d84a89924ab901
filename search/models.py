"""Which models there are, and how one becomes a policy or a reward. Importable without torch.

A model is a slug of the catalogue or the path of a folder in Hugging Face's format. A folder may carry an
`espalier.json` with the keys of `FolderSettings`; without one, the embedded models' conventions hold.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from search.policies.base import Policy, PolicyError
from search.rewards.base import Reward, RewardError
from search.templates import EMBEDDED_POLICY, EMBEDDED_REWARD, Template, TemplateError

WEIGHTS = Path(__file__).parent / "demo" / "weights"

_DOMAINS = ["countdown", "arithmetic"]
_EXAMPLES = [
    "2 3 6 10 -> 24",
    "3 5 7 11 -> 24",
    "1 5 8 9 -> 36",
    "(27 + 48) * 3 - (95 - 38)",
    "((38 + 47) * 6 - 91) * 2",
]


class FolderSettings(BaseModel):
    """A model folder's own espalier.json."""

    model_config = ConfigDict(extra="forbid")

    template: dict[str, Any] | None = None
    label: int = 1
    dtype: str | None = None


_loaded: dict[tuple[str, ...], Any] = {}
_loading = threading.Lock()


def catalogue() -> list[dict[str, Any]]:
    """The built-in models: `{slug, title, kind, engine, default, domains, examples, ready}` each."""
    return [
        _entry("embedded", "Embedded policy", "policy", "transformers", ready=_ready("policy"), default=True),
        _entry("embedded", "Embedded process reward", "reward", "transformers", _ready("process_reward"), default=True),
        _entry("exact", "Exact truth of the domain", "reward", "domain", ready=True, default=False),
    ]


def load_policy(model: str = "embedded", **settings: Any) -> Policy:
    """The policy of a slug or folder; loaded once per process and settings, so runs share its engine.

    Blocks for seconds the first time (weights, torch): from a coroutine call it with `asyncio.to_thread`.

    Raises:
        PolicyError: no such model, or it cannot be loaded; names it.
    """
    return _once("policy", model, settings, lambda: _policy(model, settings))


def load_reward(model: str = "embedded", **settings: Any) -> Reward:
    """The reward of a slug or folder, like `load_policy`.

    Raises:
        RewardError: no such model, or it cannot be loaded; names it.
    """
    return _once("reward", model, settings, lambda: _reward(model, settings))


def _policy(model: str, settings: dict[str, Any]) -> Policy:
    folder = _folder(model, "policy", PolicyError)
    from search.policies.transformers import TransformersPolicy

    own = _own_settings(model, folder, PolicyError)
    template = _template(model, own, EMBEDDED_POLICY if model == "embedded" else Template(), PolicyError)
    return TransformersPolicy(model, folder, template, **{"dtype": _dtype(model, own), **settings})


def _reward(model: str, settings: dict[str, Any]) -> Reward:
    if model == "exact":
        from search.rewards.exact import ExactReward

        return ExactReward(**settings)
    folder = _folder(model, "process_reward", RewardError)
    from search.rewards.process import ProcessReward

    own = _own_settings(model, folder, RewardError)
    template = _template(model, own, EMBEDDED_REWARD, RewardError)
    return ProcessReward(model, folder, template, **{"dtype": _dtype(model, own), "label": own.label, **settings})


def _once(kind: str, model: str, settings: dict[str, Any], load: Callable[[], Any]) -> Any:
    key = (kind, model, json.dumps(settings, sort_keys=True))
    with _loading:
        if key not in _loaded:
            _loaded[key] = load()
        return _loaded[key]


def _folder(model: str, kind: str, error: type[Exception]) -> Path:
    if model == "embedded":
        folder = WEIGHTS / kind
        if not _ready(kind):
            raise error(f"{model}: its weights are not there; train them with `python -m search.demo`.")
        return folder
    folder = Path(model)
    if not (folder / "config.json").is_file():
        known = ", ".join(sorted({entry["slug"] for entry in catalogue()}))
        raise error(f"{model!r} is neither a known model ({known}) nor a folder with a config.json.")
    return folder


def _own_settings(model: str, folder: Path, error: type[Exception]) -> FolderSettings:
    path = folder / "espalier.json"
    if not path.is_file():
        return FolderSettings()
    try:
        return FolderSettings.model_validate_json(path.read_bytes())
    except ValidationError as invalid:
        first = invalid.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise error(f"{model}: espalier.json, {place or 'as a whole'}: {first['msg']}.") from invalid


def _template(model: str, own: FolderSettings, default: Template, error: type[Exception]) -> Template:
    try:
        return default if own.template is None else Template.of(own.template)
    except TemplateError as invalid:
        raise error(f"{model}: espalier.json: {invalid}.") from invalid


def _dtype(model: str, own: FolderSettings) -> str:
    return own.dtype or ("float64" if model == "embedded" else "float32")


def _ready(kind: str) -> bool:
    return (WEIGHTS / kind / "model.safetensors").is_file() and (WEIGHTS / kind / "tokenizer.json").is_file()


def _entry(slug: str, title: str, kind: str, engine: str, ready: bool, default: bool) -> dict[str, Any]:
    return {
        "slug": slug, "title": title, "kind": kind, "engine": engine, "default": default,
        "domains": list(_DOMAINS), "examples": list(_EXAMPLES), "ready": ready,
    }  # fmt: skip
