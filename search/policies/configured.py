"""A policy as its settings describe it."""

from __future__ import annotations

import os
from typing import Any

from search.model_file import AnyModel, ServerModel, VllmModel
from search.policies.base import Policy, PolicyError
from search.policies.completions import Dialect
from search.policies.model_server import ModelServer, Patience
from search.policies.openai import OpenAIPolicy


def configured_policy(slug: str, model: AnyModel, settings: dict[str, Any], where: str) -> Policy:
    """Load it; `settings` go to the engine of a folder, over its own. `where` says where a person can mend it.

    Raises:
        PolicyError: it cannot be loaded; names the policy and the key.
    """
    if isinstance(model, ServerModel):
        return served_policy(slug, model, where)
    if not (model.folder / "config.json").is_file():
        raise PolicyError(f"{slug}: {model.folder} has no config.json; mend `folder` in {where}.")
    template = model.template_named(slug)
    if isinstance(model, VllmModel):
        from search.policies.vllm import VllmPolicy

        return VllmPolicy(slug, model.folder, template, model.entropies, **{**model.engine, **settings})
    from search.policies.transformers import TransformersPolicy

    engine = model.model_dump(include={"dtype", "device", "slots", "prefix_mb", "threads"})
    return TransformersPolicy(slug, model.folder, template, **{**engine, **settings})


def served_policy(slug: str, model: ServerModel, where: str) -> OpenAIPolicy:
    """The policy on a server; nothing is asked yet. Raises PolicyError as `configured_policy`."""
    patience = Patience(connect=model.connect_timeout, silence=model.timeout, retries=model.retries)
    key = api_key(slug, model.api_key_env, where)
    server = ModelServer(slug, model.base_url, model.model, key, patience, model.connections, where)
    dialect = Dialect(model.model, model.api, model.stops, model.logprobs, model.stream, model.extra, model.priority)
    template, piece = model.template_named(slug), model.piece_tokens or None
    return OpenAIPolicy(slug, server, dialect, template, model.samples_per_request, model.context, piece)


def api_key(slug: str, variable: str | None, where: str) -> str | None:
    """The key that an environment variable holds, None where none is named. Raises PolicyError if it is not set."""
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise PolicyError(f"{slug}: `api_key_env` in {where} names {variable}, which is not set.")
    return key
