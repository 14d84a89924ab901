"""Whether a model is what its settings say: looked at, loaded and asked once, before anybody relies on it.

Importable without torch; the checks themselves run where models are loaded. Whatever is wrong is told with the key of
the settings that mends it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from search.model_cache import forget, loaded
from search.model_file import AnyModel, FolderModel, RewardModel, ServerModel, VllmModel
from search.model_folder import FolderTrouble, check_device, folder_told, parts_of, tokenizer_told
from search.models import load_described_policy, load_described_reward
from search.policies.base import PolicyError, Sampling
from search.progress import Progress
from search.rewards.base import RewardError
from search.trial import try_policy, try_reward

FOLDER_STAGES = ("folder", "tokenizer", "weights", "answer")
SERVER_STAGES = ("server", "answer")
QUESTION = "What is 2 + 3 + 4?"
STEP = "2 + 3 = 5"
MOST_TOKENS = 64
"""A check asks for three steps of at most so many tokens: a large model on a small machine must not take minutes."""
LONGEST_SILENCE = 30.0
LONGEST_CONNECT = 10.0
"""Seconds that a check waits for a server; runs are as patient as the settings say."""


class CheckError(ValueError):
    """The model does not work as described; `key` is what to mend: `folder`, `base_url`, `template.problem`, …"""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def stages_of(model: AnyModel | RewardModel) -> tuple[str, ...]:
    """What a check of it goes through."""
    return SERVER_STAGES if isinstance(model, ServerModel) else FOLDER_STAGES


async def check_model(slug: str, model: AnyModel | RewardModel, where: str, progress: Progress) -> dict[str, Any]:
    """The trial that it passed (search/trial.py), with `notes` on what is worth a second look.

    A model that loads but does not answer is given up again; `where` is for messages.

    Raises:
        CheckError: it does not work; names the key of its settings.
    """
    try:
        if isinstance(model, ServerModel):
            return await _check_server(slug, model, where, progress)
        return await _check_folder(slug, model, where, progress)
    except FolderTrouble as trouble:
        raise CheckError(trouble.key, str(trouble)) from trouble
    except (PolicyError, RewardError) as error:
        raise CheckError(_key_named(str(error), model), str(error)) from error


async def _check_server(slug: str, model: ServerModel, where: str, progress: Progress) -> dict[str, Any]:
    from search.policies.configured import served_policy

    policy = served_policy(slug, model.model_copy(update=_hurried(model)), where)
    progress.begin("server")
    names = await policy.served()
    if names and model.model not in names:
        shown = ", ".join(names[:10])
        raise CheckError("model", f"The server at {model.base_url} serves no model {model.model!r}, but {shown}.")
    progress.tell(f"serves {len(names)} model{'' if len(names) == 1 else 's'}" if names else "keeps no list of models")
    progress.begin("answer")
    tried = await try_policy(policy, _question(model), (), _sampling(model))
    return _passed(tried, model, [], progress)


async def _check_folder(
    slug: str, model: FolderModel | VllmModel | RewardModel, where: str, progress: Progress
) -> dict[str, Any]:
    progress.begin("folder")
    parts = await asyncio.to_thread(parts_of, model)
    progress.tell(" + ".join([await asyncio.to_thread(folder_told, part.folder) for part in parts]))
    progress.begin("tokenizer")
    read = [await asyncio.to_thread(tokenizer_told, slug, part) for part in parts]
    progress.tell(" + ".join(said for said, _ in read))
    notes = [note for _, noted in read for note in noted]
    progress.begin("weights")
    if isinstance(model, RewardModel) and model.runs_in == "server":
        model = model.model_copy(update=_hurried(model))
    elif isinstance(model, FolderModel) or (isinstance(model, RewardModel) and model.runs_in == "transformers"):
        await asyncio.to_thread(check_device, model.device)
    before = loaded()
    answering = await _loaded(slug, model, where)
    try:
        described = answering.describe()
        progress.tell(", ".join(str(described[name]) for name in ("architecture", "dtype") if described.get(name)))
        progress.begin("answer")
        if isinstance(model, RewardModel):
            tried = await try_reward(answering, _question(model), [STEP])
        else:
            tried = await try_policy(answering, _question(model), (), _sampling(model))
        return _passed(tried, model, notes, progress)
    except BaseException:
        if not any(one is answering for one in before):  # else runs may have it
            await asyncio.to_thread(forget, answering)
        raise


def _hurried(model: ServerModel | RewardModel) -> dict[str, Any]:
    return {
        "retries": 0,
        "timeout": min(model.timeout, LONGEST_SILENCE),
        "connect_timeout": min(model.connect_timeout, LONGEST_CONNECT),
    }


async def _loaded(slug: str, model: FolderModel | VllmModel | RewardModel, where: str) -> Any:
    """On a thread. One that nobody waits for any more goes as soon as it has come."""

    def load() -> Any:
        if isinstance(model, RewardModel):
            return load_described_reward(slug, model)
        return load_described_policy(slug, model, where)

    before = loaded()
    loading = asyncio.ensure_future(asyncio.to_thread(load))

    def discard(loading: asyncio.Future[Any]) -> None:
        come = None if loading.cancelled() or loading.exception() else loading.result()
        if come is not None and not any(one is come for one in before):
            forget(come)

    try:
        return await asyncio.shield(loading)
    except asyncio.CancelledError:
        loading.add_done_callback(discard)
        raise


def _passed(tried: dict[str, Any], model: Any, notes: list[str], progress: Progress) -> dict[str, Any]:
    samples = tried.get("samples")
    if samples is not None and all(sample["finish"] == "length" for sample in samples):
        notes = [
            *notes,
            f"None of its {len(samples)} samples ended a step within {MOST_TOKENS} tokens: does it write the delimiter"
            f" {model.delimiter!r}?",
        ]
    progress.tell(f"answered in {tried['seconds']:.2f} s")
    progress.end()
    return {**tried, "notes": notes}


def _question(model: AnyModel | RewardModel) -> str:
    return model.examples[0] if model.examples else QUESTION


def _sampling(model: AnyModel) -> Sampling:
    told = {"max_step_tokens": MOST_TOKENS, **model.sampling.model_dump(exclude_none=True)}
    told["max_step_tokens"] = min(told["max_step_tokens"], MOST_TOKENS)
    return Sampling(**told, stop=(model.delimiter,))


def _key_named(message: str, model: AnyModel | RewardModel) -> str:
    """Failures name the key that mends them in backticks; else it is where the model lies."""
    known = type(model).model_fields
    named = [key for key in re.findall(r"`(\w+)( = [^`]*)?`", message) if key[0] in known]
    if named:
        return str(named[-1][0])
    if isinstance(model, RewardModel) and model.runs_in == "vllm" and "vLLM" in message:
        return "runs_in" if "imported" in message else "vllm"
    if isinstance(model, VllmModel) and "vLLM" in message:
        return "kind" if "imported" in message else "engine"
    return "base_url" if isinstance(model, ServerModel) else "folder"
