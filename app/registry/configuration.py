"""The settings of a model that an admin writes on the page, checked as far as that goes without the model.

They are those of the file of models (search/model_file.py). Whoever edits that file has the machine anyway; an admin
has the page only, so a page's model may lie in certain folders, use certain keys and set harmless engine arguments.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from pydantic import ValidationError

from app.config.field_errors import field_errors
from app.config.problems import FieldError, Invalid
from search.domains import DOMAINS
from search.model_file import AnyModel, RewardModel, ServerModel, VllmModel, policy_described, reward_described
from search.models import named_places
from search.rewards.base import RewardError
from search.templates import TemplateError

Entry = AnyModel | RewardModel
KEY_PREFIX = "ESPALIER_KEY_"
"""Of the variables whose value a page's model may send to its server: never the secret or the database's password."""
ENGINE_ARGUMENTS = frozenset(
    {
        "block_size", "cpu_offload_gb", "dtype", "enable_prefix_caching", "enforce_eager", "gpu_memory_utilization",
        "kv_cache_dtype", "max_model_len", "max_num_batched_tokens", "max_num_seqs", "quantization",
        "scheduling_policy", "seed", "swap_space", "tensor_parallel_size",
    }
)  # fmt: skip
"""vLLM's arguments that load no code and no other files."""
LARGEST = 60_000
LONGEST_PLACE = 500


def configuration_read(kind: str, given: Mapping[str, Any]) -> Entry:
    """The model that these settings describe.

    Raises:
        Invalid: names every wrong field (`settings.template.problem`) and the mend.
    """
    _check_text(given)
    try:
        entry = policy_described(given) if kind == "policy" else reward_described(given)
    except ValidationError as error:
        raise _invalid([_told(kind, found) for found in error.errors()]) from error
    if wrong := [found for found in _wrong(entry) if found is not None]:
        raise _invalid(wrong)
    return entry


def folder_allowed(folder: Path) -> bool:
    """Whether a page's model may lie there; links are followed first."""
    place = folder.resolve()
    return any(place.is_relative_to(root.resolve()) for root in settings.MODEL_FOLDERS)


def field_of(key: str) -> str:
    """The field of the API for a key of the settings."""
    return f"settings.{key}"


def _invalid(errors: list[FieldError]) -> Invalid:
    return Invalid(f"{errors[0].field}: {errors[0].message}", errors)


def _check_text(given: Mapping[str, Any]) -> None:
    text = json.dumps(given, ensure_ascii=False)
    if len(text) > LARGEST:
        raise Invalid.field("settings", "are too long", f"at most {LARGEST} characters as JSON")
    if "\\u0000" in text or re.search("[\ud800-\udfff]", text):
        raise Invalid.field("settings", "contain a character that is none", "send plain text")


def _told(kind: str, found: Any) -> FieldError:
    """Pydantic's error at the key it is about; the engine's name that policies have before it is left out."""
    place = list(found["loc"][kind == "policy" :]) or ["kind"]
    reason = (found.get("ctx") or {}).get("error")
    cause = reason.__cause__ if isinstance(reason, Exception) else None
    if isinstance(cause, TemplateError) and cause.setting is not None:
        return FieldError(field_of(f"template.{cause.setting}"), str(cause), None)
    [error] = field_errors([{**found, "loc": ("settings", *place)}], skip=0)
    return FieldError(field_of(error.field.removeprefix("settings.")), error.message, error.mend)


def _wrong(entry: Entry) -> list[FieldError | None]:
    """What the shape of the settings leaves open."""
    common = [
        _unknown_domain(entry.domains),
        None
        if entry.title is None or 0 < len(entry.title.strip()) <= 200
        else FieldError("settings.title", "has 1 to 200 characters", "write a shorter one, or leave it out"),
    ]
    if isinstance(entry, ServerModel):
        return [*common, _wrong_address(entry.base_url), _wrong_key(entry.api_key_env)]
    found = [*common, _wrong_folder(entry.folder, "folder")]
    if isinstance(entry, VllmModel):
        found.append(_wrong_engine(entry.engine, "engine"))
    if isinstance(entry, RewardModel):
        found += [_wrong_engine(entry.vllm, "vllm"), _wrong_key(entry.api_key_env)]
        if entry.base_url is not None:
            found.append(_wrong_address(entry.base_url))
        if entry.calibration is not None:
            found.append(_wrong_folder(entry.folder / entry.calibration, "calibration"))
        if folder_allowed(entry.folder):
            found.append(_wrong_places(entry.folder))
    return found


def _wrong_folder(folder: Path, key: str) -> FieldError | None:
    if len(str(folder)) > LONGEST_PLACE:
        return FieldError(field_of(key), "is too long", f"at most {LONGEST_PLACE} characters")
    if not folder.is_absolute():
        return FieldError(field_of(key), f"{str(folder)!r} is no absolute path", f"a folder below {_roots()}")
    if not folder_allowed(folder):
        return FieldError(field_of(key), f"{folder} lies outside the folders of models", _mend())
    return None


def strayed(folder: Path) -> tuple[str, str] | None:
    """Which key of a reward folder's own espalier.json names a place outside the folders of models, and the mend.

    None if none does. Only what was added by page is bound to those folders.

    Raises:
        RewardError: the file cannot be read; names the key.
    """
    for key, place in named_places(folder):
        if not folder_allowed(place):
            said = f"{key} in espalier.json of {folder} names {place}, which lies outside the folders of models"
            return said, _mend()
    return None


def _wrong_places(folder: Path) -> FieldError | None:
    """Where the folder lies on this machine: the web's and the worker's may differ, and both look."""
    try:
        found = strayed(folder)
    except RewardError as error:
        return FieldError(field_of("folder"), str(error), None)
    return None if found is None else FieldError(field_of("folder"), *found)


def _mend() -> str:
    return f"put it below {_roots()}, or have ESPALIER_MODEL_FOLDERS name its place"


def _roots() -> str:
    return " or ".join(str(root) for root in settings.MODEL_FOLDERS)


def _wrong_address(base_url: str) -> FieldError | None:
    field = field_of("base_url")
    try:
        address = urlsplit(base_url)
        named = bool(address.hostname) and address.port != 0
    except ValueError:
        named = False
    if not named or len(base_url) > LONGEST_PLACE:
        return FieldError(field, f"{base_url[:80]!r} is no address", "one such as http://127.0.0.1:8001/v1")
    if address.username or address.password:
        return FieldError(field, "contains a user or a password", "leave them out, and name a key by `api_key_env`")
    if address.query or address.fragment:
        return FieldError(field, "has something after its path", "end it where the API begins, mostly in /v1")
    return None


def _wrong_key(variable: str | None) -> FieldError | None:
    if variable is None or re.fullmatch(KEY_PREFIX + "[A-Z0-9_]{1,80}", variable):
        return None
    mend = f"put the key into a variable such as {KEY_PREFIX}QWEN of the workers, and give its name"
    return FieldError(field_of("api_key_env"), f"does not name a variable that begins with {KEY_PREFIX}", mend)


def _wrong_engine(engine: Mapping[str, Any], key: str) -> FieldError | None:
    for name in engine:
        if name not in ENGINE_ARGUMENTS:
            mend = f"one of {', '.join(sorted(ENGINE_ARGUMENTS))}; others go into the file of models"
            return FieldError(field_of(f"{key}.{name}"), "is no engine argument that may be set by page", mend)
    return None


def _unknown_domain(domains: list[str]) -> FieldError | None:
    unknown = [domain for domain in domains if domain not in DOMAINS]
    mend = f"any of {', '.join(DOMAINS)}, or none for a model that reads any problem"
    return FieldError(field_of("domains"), f"there is no domain {unknown[0]!r}", mend) if unknown else None
