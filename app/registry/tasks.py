"""Celery's door to trials of models."""

from __future__ import annotations

import asyncio
from typing import Any

from celery import shared_task

from app.config.errands import errand_carry_out
from app.registry.models import LanguageModel, ModelTrial
from app.registry.selectors import model_named
from app.registry.trials import TRY_TASK
from app.worker.engines import models_for, rewards_for
from app.worker.loop import searches
from search.policies.base import PolicyError, Sampling
from search.rewards.base import RewardError
from search.trial import try_policy, try_reward


@shared_task(name=TRY_TASK)
def try_model(trial_id: str) -> None:
    """Load the model and ask it."""
    errand_carry_out(ModelTrial, trial_id, _tried, PolicyError, RewardError, ValueError)


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
    return searches.submit(_question(trial, sampling)).result()


async def _question(trial: ModelTrial, sampling: Sampling) -> dict[str, Any]:
    """On the loop of the searches, whose engines it shares; loading happens on a thread of its own."""
    if trial.kind == LanguageModel.Kind.REWARD:
        [reward] = await asyncio.to_thread(rewards_for, [trial.slug])
        return await try_reward(reward, trial.problem, trial.steps)
    policy, _ = await asyncio.to_thread(models_for, trial.slug, None)
    return await try_policy(policy, trial.problem, trial.steps, sampling)
