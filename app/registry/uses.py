"""Who uses a model: runs, experiments, trainings and labelling jobs that name it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from app.annotation.models import UNFINISHED, AutomaticLabelJob, AutomaticState, TrainingJob
from app.experiments.models import Experiment
from app.explorer.models import Run, RunState
from app.registry.models import LanguageModel
from app.teams.permissions import visible_to
from app.teams.principals import Principal
from search.training.names import POLICY

MOVING = (RunState.QUEUED, RunState.RUNNING, RunState.PAUSED)
AT_WORK = (*UNFINISHED, AutomaticState.PAUSED)
SHOWN = 10
"""How many of each kind are listed; all are counted."""


def uses_of(model: LanguageModel, principal: Principal) -> list[dict[str, Any]]:
    """`{what, count, under_way, items: [{title, state, at, url}]}` per kind of use, of what `principal` may see."""
    runs = visible_to(principal, Run).filter(_runs(model)).select_related("session", "problem")
    experiments = visible_to(principal, Experiment).filter(_experiments(model)).select_related("session")
    trainings = visible_to(principal, TrainingJob).filter(_trainings(model))
    labelling = visible_to(principal, AutomaticLabelJob).filter(_labelling(model)).select_related("session")
    return [
        _listed(
            "runs",
            runs,
            runs.filter(state__in=MOVING),
            lambda run: (f"{run.problem.text[:80]} · {run.algorithm}", run.state, f"/runs/{run.pk}"),
        ),
        _listed(
            "experiments",
            experiments,
            experiments.filter(_filling()),
            lambda one: (one.session.title, _experiment_state(one), f"/experiments/{one.pk}"),
        ),
        _listed(
            "trainings",
            trainings,
            trainings.filter(state__in=AT_WORK),
            lambda job: (job.title, job.state, f"/trainings/{job.pk}"),
        ),
        _listed(
            "labelling jobs",
            labelling,
            labelling.filter(state__in=AT_WORK),
            lambda job: (f"{job.method} in {job.session.title}", job.state, f"/sessions/{job.session_id}"),
        ),
    ]


def busy_with(model: LanguageModel) -> str:
    """What is under way with it, whoever may see that: `3 runs and 1 training are`; empty for nothing."""
    counts = {
        "run": Run.objects.filter(_runs(model), state__in=MOVING).count(),
        "experiment": Experiment.objects.filter(_experiments(model), _filling()).count(),
        "training": TrainingJob.objects.filter(_trainings(model), state__in=AT_WORK).count(),
        "labelling job": AutomaticLabelJob.objects.filter(_labelling(model), state__in=AT_WORK).count(),
    }
    told = [f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items() if count]
    verb = "is" if sum(counts.values()) == 1 else "are"
    return f"{' and '.join(told)} {verb}" if told else ""


def named_anywhere(model: LanguageModel) -> bool:
    """Whether any record names it."""
    return (
        Run.objects.filter(_runs(model)).exists()
        or Experiment.objects.filter(_experiments(model)).exists()
        or TrainingJob.objects.filter(_trainings(model)).exists()
        or AutomaticLabelJob.objects.filter(_labelling(model)).exists()
    )


def _runs(model: LanguageModel) -> Q:
    if model.kind == LanguageModel.Kind.POLICY:
        return Q(policy=model.slug) | Q(params__draft=model.slug)
    return Q(reward=model.slug) | Q(also_rewards__contains=[model.slug])


def _experiments(model: LanguageModel) -> Q:
    named: dict[str, Any] = {f"plan__{model.kind}": model.slug}
    if model.kind == LanguageModel.Kind.REWARD:
        return Q(**named)
    return Q(**named) | Q(plan__strategies__contains=[{"params": {"draft": model.slug}}])


def _filling() -> Q:
    """Experiments whose runs are not there yet; those that are there are counted as runs."""
    return Q(filled_at__isnull=True, cancelled_at__isnull=True, error__isnull=True)


def _trainings(model: LanguageModel) -> Q:
    prefix = POLICY if model.kind == LanguageModel.Kind.POLICY else ""
    return Q(base=f"{prefix}{model.slug}")


def _labelling(model: LanguageModel) -> Q:
    return Q(policy=model.slug) if model.kind == LanguageModel.Kind.POLICY else Q(reward=model.slug)


def _experiment_state(experiment: Experiment) -> str:
    if experiment.error is not None:
        return "failed"
    if experiment.cancelled_at is not None:
        return "cancelled"
    return "preparing" if experiment.filled_at is None else "started"


def _listed(what: str, rows: QuerySet[Any], under_way: QuerySet[Any], told: Any) -> dict[str, Any]:
    newest = [(row.created_at, *told(row)) for row in rows.order_by("-created_at")[:SHOWN]]
    return {
        "what": what,
        "count": rows.count(),
        "under_way": under_way.count(),
        "items": [{"title": title, "state": state, "at": at, "url": url} for at, title, state, url in newest],
    }
