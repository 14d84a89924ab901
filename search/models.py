"""Which models there are, and how one becomes a policy or a reward. Importable without torch.

A model is a slug of the catalogue (built in, or from the file of models that ESPALIER_MODELS names) or the path of a
folder in Hugging Face's format. A folder may carry an `espalier.json` with the keys of `FolderSettings` or
`RewardFolderSettings`; without one a prompt is plain lines, and a reward's architecture says which convention it
follows.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from search.model_cache import once
from search.model_file import (
    AnyModel,
    ModelFileError,
    RewardModel,
    ServerModel,
    configured_policies,
    configured_rewards,
    place,
)
from search.policies.base import Policy, PolicyError
from search.rewards.base import Reward, RewardError
from search.rewards.joined import load_join, read_join
from search.rewards.kinds import RewardSettings
from search.templates import EMBEDDED_DRAFT, EMBEDDED_POLICY, EMBEDDED_REWARD, Template, TemplateError

WEIGHTS = Path(__file__).parent / "demo" / "weights"

_POLICY_FOLDERS = {"embedded": "policy", "embedded_draft": "draft"}
"""The embedded policies by slug."""

EMBEDDED_JOINED = "embedded_joined"
"""The slug of the embedded process reward joined with the embedded verifier."""

_TEMPLATES = {"embedded": EMBEDDED_POLICY, "embedded_draft": EMBEDDED_DRAFT}

_DOMAINS = ["countdown", "arithmetic"]
_EXAMPLES = [
    "3 3 4 5 -> 24",
    "2 5 7 10 -> 45",
    "1 5 8 9 -> 36",
    "(27 + 48) * 3 - (95 - 38)",
    "(73 - 48) * 9 - 6 * (31 - 14) + 57",
]


class FolderSettings(BaseModel):
    """A policy folder's own espalier.json."""

    model_config = ConfigDict(extra="forbid")

    template: dict[str, Any] | None = None
    dtype: str | None = None


class RewardFolderSettings(RewardSettings):
    """A reward folder's own espalier.json."""

    dtype: str | None = None


Own = TypeVar("Own", bound=BaseModel)


def catalogue() -> list[dict[str, Any]]:
    """The built-in and the configured models: `{slug, title, kind, engine, default, domains, examples, ready}` each.

    Raises:
        ModelFileError: the file of models is wrong; names it and the key.
    """
    policies, rewards = configured_policies(), configured_rewards()
    return [
        *built_in(),
        *(_configured_entry(slug, model, "policy", model.kind) for slug, model in policies.items()),
        *(_configured_entry(slug, model, "reward", model.runs_in) for slug, model in rewards.items()),
    ]


def built_in() -> list[dict[str, Any]]:
    """The models that come with the program, as in `catalogue`."""
    return [
        _entry("embedded", "Embedded policy", "policy", "transformers", ready=_ready("policy"), default=True),
        _entry("embedded_draft", "Embedded draft policy", "policy", "transformers", _ready("draft"), default=False),
        _entry("embedded", "Embedded process reward", "reward", "transformers", _ready("process_reward"), default=True),
        _entry(
            EMBEDDED_JOINED,
            "Embedded reward joined with a verifier",
            "reward",
            "transformers",
            ready=_ready("process_reward") and _ready("verifier"),
            default=False,
        ),
        _entry("exact", "Exact truth of the domain", "reward", "domain", ready=True, default=False),
        _entry("rollout_value", "Rollouts that verify", "reward", "policy", ready=True, default=False),
    ]


def _configured_entry(slug: str, model: AnyModel | RewardModel, kind: str, engine: str) -> dict[str, Any]:
    ready = isinstance(model, ServerModel) or (model.folder / "config.json").is_file()
    return {
        "slug": slug, "title": model.title or slug, "kind": kind, "engine": engine, "default": False,
        "domains": model.domains, "examples": model.examples, "ready": ready,
    }  # fmt: skip


def sampling_defaults(policy: str) -> dict[str, Any]:
    """What a run with this policy takes as `sampling` where it names nothing: set for configured models only.

    Raises:
        ModelFileError: the file of models is wrong; names it and the key.
    """
    model = configured_policies().get(policy)
    return {} if model is None else model.sampling_defaults


def tokenizer_folder(policy: str) -> Path | None:
    """The folder with a policy's tokenizer, where this machine could have one."""
    if policy in _POLICY_FOLDERS:
        return WEIGHTS / _POLICY_FOLDERS[policy]
    model = configured_policies().get(policy)
    return None if model is None or isinstance(model, ServerModel) else model.folder


def policy_template(policy: str) -> Template | None:
    """A policy's template, without loading it; None where that cannot be known without."""
    if policy in _TEMPLATES:
        return _TEMPLATES[policy]
    try:
        configured = configured_policies().get(policy)
        if configured is not None:
            return configured.template_named(policy)
        own = _own_settings(policy, Path(policy), FolderSettings, PolicyError) if Path(policy).is_dir() else None
        return None if own is None else _template(policy, own, Template(), PolicyError)
    except (ModelFileError, PolicyError):
        return None


def load_policy(model: str = "embedded", **settings: Any) -> Policy:
    """The policy of a slug or folder; loaded once per process and settings, so runs share its engine.

    Blocks for seconds the first time (weights, torch): from a coroutine call it with `asyncio.to_thread`.

    Raises:
        PolicyError: no such model, or it cannot be loaded; names it.
    """
    if model in _POLICY_FOLDERS or Path(model).is_dir():
        return once("policy", model, settings, lambda: _policy(model, settings))
    try:
        configured = configured_policies().get(model)
    except ModelFileError as error:
        raise PolicyError(f"{model}: {error}") from error
    if configured is None:
        return once("policy", model, settings, lambda: _policy(model, settings))
    return load_described_policy(model, configured, place(model), **settings)


def load_reward(model: str = "embedded", slug: str | None = None, **settings: Any) -> Reward:
    """The reward of a slug or folder, like `load_policy`; `settings` may name those of `RewardSettings` too.

    A folder's reward is called `slug` where one is given, else by the folder's path.

    Raises:
        RewardError: no such model, or it cannot be loaded; names it.
    """
    if model not in ("embedded", EMBEDDED_JOINED) and not Path(model).is_dir():
        try:
            configured = configured_rewards().get(model)
        except ModelFileError as error:
            raise RewardError(f"{model}: {error}") from error
        if configured is not None:
            return load_described_reward(slug or model, configured, **settings)
    return once("reward", model, {"slug": slug, **settings}, lambda: _reward(model, slug or model, settings))


def load_described_policy(slug: str, model: AnyModel, where: str, **settings: Any) -> Policy:
    """The policy that these settings describe, called `slug`; otherwise as `load_policy`.

    `where` says in messages where a person can mend them.
    """

    def load() -> Policy:
        from search.policies.configured import configured_policy

        return configured_policy(slug, model, settings, where)

    entry = model.model_dump(mode="json")  # changed settings are another model
    return once("policy", slug, {"entry": entry, **settings}, load)


def load_described_reward(slug: str, model: RewardModel, **settings: Any) -> Reward:
    """The reward that these settings describe, called `slug`; otherwise as `load_reward`."""
    folder, told = str(model.folder), {**model.engine, **settings}
    return once("reward", folder, {"slug": slug, **told}, lambda: _reward(folder, slug, told))


def _policy(model: str, settings: dict[str, Any]) -> Policy:
    folder = _folder(model, "policy", PolicyError)
    from search.policies.transformers import TransformersPolicy

    own = _own_settings(model, folder, FolderSettings, PolicyError)
    template = _template(model, own, _TEMPLATES.get(model, Template()), PolicyError)
    return TransformersPolicy(model, folder, template, **{"dtype": _dtype(model, own.dtype), **settings})


def _reward(model: str, slug: str, settings: dict[str, Any]) -> Reward:
    if model in ("exact", "rollout_value") and settings.get("calibration") is not None:
        raise RewardError(f"{model}: calibration: it looks at the right answer itself; calibrate a reward model.")
    if model == "exact":
        from search.rewards.exact import ExactReward

        return ExactReward(**settings)
    if model == "rollout_value":
        from search.rewards.rollout_value import RolloutValue

        return RolloutValue(**settings)
    folder = WEIGHTS / "joined" if model == EMBEDDED_JOINED else Path(model)
    join = read_join(folder)
    if join is not None:
        return load_join(slug, folder, join, settings)
    from search.rewards.configured import configured_reward

    said = {name: value for name, value in settings.items() if name in RewardSettings.model_fields}
    folder, followed, dtype = reward_folder(model, said)
    engine = {"dtype": dtype} | {name: value for name, value in settings.items() if name not in said}
    return configured_reward(slug, folder, followed, engine)


def named_places(folder: Path) -> list[tuple[str, Path]]:
    """What a reward folder's own espalier.json makes a worker read besides: `(members.1.folder, where)` each.

    Links are followed. Nothing where there is no such file.

    Raises:
        RewardError: the file cannot be read; names the key.
    """
    join = read_join(folder)
    if join is not None:
        return join.named_places(folder)
    own = _own_settings(str(folder), folder, RewardFolderSettings, RewardError)
    return [] if own.calibration is None else [("calibration", (folder / own.calibration).resolve())]


def reward_folder(model: str, said: dict[str, Any] | None = None) -> tuple[Path, RewardSettings, str]:
    """The folder of `embedded` or of a path, the convention it follows, and its dtype; `said` comes before its own.

    Raises:
        RewardError: no such model, or settings that cannot be; names it.
    """
    folder = _folder(model, "process_reward", RewardError)
    own = _own_settings(model, folder, RewardFolderSettings, RewardError)
    try:
        followed = RewardSettings.model_validate(
            {**own.model_dump(exclude={"dtype"}, exclude_unset=True), **(said or {})}
        )
    except ValidationError as invalid:
        raise RewardError(f"{model}: {_first_error(invalid)}.") from invalid
    if model == "embedded":
        followed = followed.model_copy(update={"kind": "trl", "template": EMBEDDED_REWARD.as_dict()})
    return folder, followed, _dtype(model, own.dtype)


def policy_folder(model: str) -> tuple[Path, str]:
    """The folder of an embedded policy or of a path, and its dtype.

    Raises:
        PolicyError: no such model.
    """
    folder = _folder(model, "policy", PolicyError)
    return folder, _dtype(model, _own_settings(model, folder, FolderSettings, PolicyError).dtype)


def _folder(model: str, kind: str, error: type[Exception]) -> Path:
    embedded = _POLICY_FOLDERS if kind == "policy" else {"embedded": kind}
    if model in embedded:
        folder = WEIGHTS / embedded[model]
        if not _ready(embedded[model]):
            raise error(f"{model}: its weights are not there; train them with `python -m search.demo`.")
        return folder
    folder = Path(model)
    if not (folder / "config.json").is_file():
        known = {entry["slug"] for entry in built_in()}
        with suppress(ModelFileError):
            known.update(configured_policies(), configured_rewards())
        raise error(f"{model!r} is neither a known model ({', '.join(sorted(known))}) nor a folder with a config.json.")
    return folder


def _own_settings(model: str, folder: Path, shape: type[Own], error: type[Exception]) -> Own:
    path = folder / "espalier.json"
    if not path.is_file():
        return shape()
    try:
        return shape.model_validate_json(path.read_bytes())
    except ValidationError as invalid:
        raise error(f"{model}: espalier.json, {_first_error(invalid)}.") from invalid


def _first_error(invalid: ValidationError) -> str:
    first = invalid.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'as a whole'}: {first['msg']}"


def _template(model: str, own: FolderSettings, default: Template, error: type[Exception]) -> Template:
    try:
        return default if own.template is None else Template.of(own.template)
    except TemplateError as invalid:
        raise error(f"{model}: espalier.json: {invalid}.") from invalid


def _dtype(model: str, own: str | None) -> str:
    return own or ("float64" if model in _POLICY_FOLDERS else "float32")


def _ready(kind: str) -> bool:
    return (WEIGHTS / kind / "model.safetensors").is_file() and (WEIGHTS / kind / "tokenizer.json").is_file()


def _entry(slug: str, title: str, kind: str, engine: str, ready: bool, default: bool) -> dict[str, Any]:
    return {
        "slug": slug, "title": title, "kind": kind, "engine": engine, "default": default,
        "domains": list(_DOMAINS), "examples": list(_EXAMPLES), "ready": ready,
    }  # fmt: skip
