"""Celery's door to checks and trials of models."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from typing import Any

from celery import shared_task

from app.config.errands import WatchedErrand, errand_carry_out
from app.config.problems import FieldError, Refusal
from app.registry.adding import CHECK_TASK, model_store
from app.registry.configuration import configuration_read, field_of
from app.registry.models import LanguageModel, ModelCheck, ModelTrial
from app.registry.selectors import configured_where, model_named
from app.registry.trials import TRY_TASK
from app.worker.engines import models_for, rewards_for
from app.worker.loop import searches
from search.model_check import CheckError, check_model, stages_of
from search.policies.base import PolicyError, Sampling
from search.progress import Progress
from search.rewards.base import RewardError
from search.trial import try_policy, try_reward

LOOK_SECONDS = 0.25
"""How often progress is written down and a cancellation looked for."""


class Cancelled(Exception):
    """Nobody waits for it any more."""


@shared_task(name=TRY_TASK)
def try_model(trial_id: str) -> None:
    """Load the model and ask it."""
    errand_carry_out(ModelTrial, trial_id, _tried, PolicyError, RewardError, ValueError, Cancelled)


@shared_task(name=CHECK_TASK)
def check_new_model(check_id: str) -> None:
    """Look at a model, load it, ask it; then it is stored."""
    errand_carry_out(ModelCheck, check_id, _checked, CheckError, Refusal, Cancelled)


def _checked(check: ModelCheck) -> dict[str, Any]:
    try:
        # The worker's own folders count, and links on its disk.
        entry = configuration_read(check.kind, check.configuration)
        progress = Progress(stages_of(entry))
        where = configured_where(check.slug)
        result = _watched(check, progress, lambda: check_model(check.slug, entry, where, progress))
        if not model_store(check, result):
            raise Cancelled
        return result
    except CheckError as error:
        _tell(check, [FieldError(field_of(error.key), str(error))])
        raise
    except Refusal as refusal:
        _tell(check, refusal.errors)
        raise


def _tell(check: ModelCheck, errors: list[FieldError]) -> None:
    ModelCheck.objects.filter(pk=check.pk).update(errors=[error.as_json() for error in errors])


def _tried(trial: ModelTrial) -> dict[str, Any]:
    model = model_named(trial.kind, trial.slug)
    asked = (model.settings.get("sampling") if model is not None else None) or {}
    own = Sampling()
    sampling = Sampling(
        temperature=asked.get("temperature", own.temperature),
        top_p=asked.get("top_p", own.top_p),
        max_step_tokens=asked.get("max_step_tokens", own.max_step_tokens),
        stop=tuple(asked.get("stop", own.stop)),
    )
    progress = Progress(("load", "answer"))
    return _watched(trial, progress, lambda: _question(trial, sampling, progress))


async def _question(trial: ModelTrial, sampling: Sampling, progress: Progress) -> dict[str, Any]:
    """On the loop of the searches, whose engines it shares; loading happens on a thread of its own."""
    progress.begin("load")
    if trial.kind == LanguageModel.Kind.REWARD:
        [reward] = await asyncio.to_thread(rewards_for, [trial.slug])
        progress.begin("answer")
        result = await try_reward(reward, trial.problem, trial.steps)
    else:
        policy, _ = await asyncio.to_thread(models_for, trial.slug, None)
        progress.begin("answer")
        result = await try_policy(policy, trial.problem, trial.steps, sampling)
    progress.end()
    return result


def _watched(
    errand: WatchedErrand, progress: Progress, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]
) -> dict[str, Any]:
    """What `work` gives, on the loop of the searches; meanwhile its progress is written down.

    Raises:
        Cancelled: nobody waits for it any more; the work was cancelled.
    """
    waited = type(errand)._default_manager.filter(pk=errand.pk, finished_at__isnull=True)
    future = searches.submit(work())
    written: list[dict[str, Any]] = []
    try:
        while not (over := bool(concurrent.futures.wait([future], LOOK_SECONDS).done)) or written != progress.as_list():
            stages = progress.as_list()
            still = waited.update(stages=stages) if stages != written else waited.exists()
            written = stages
            if not still and not over:
                raise Cancelled
        return future.result()
    finally:
        future.cancel()
