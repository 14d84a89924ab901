"""Trying a model: asked for in the web process, carried out by a worker that loads it as a run would."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from app.config.errands import errand_send
from app.explorer.doorbell import task_send
from app.explorer.services.run import INTERACTIVE
from app.explorer.services.session import team_for
from app.registry.models import LanguageModel, ModelTrial
from app.teams.models import User

TRY_TASK = "registry.try_model"


@transaction.atomic
def trial_create(*, user: User, model: LanguageModel, problem: str, steps: Sequence[str]) -> ModelTrial:
    """A trial that waits for a worker; seen by its author's personal team."""
    trial = ModelTrial(
        team=team_for(user, None), kind=model.kind, slug=model.slug, problem=problem, steps=list(steps), created_by=user
    )
    trial.full_clean(exclude=["team", "created_by"])
    errand_send(trial, trial_ring)
    return trial


def trial_ring(trial_id: str) -> None:
    """Tell a worker."""
    task_send(TRY_TASK, [trial_id], INTERACTIVE)
