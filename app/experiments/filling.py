"""From a plan to runs, on a worker: whatever stops it, the next call makes only what is missing."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from app.config.advisory import held_alone
from app.config.problems import Conflict, Invalid
from app.experiments.models import Cell, Experiment
from app.experiments.proposal import problem_in
from app.experiments.services import problem_row, runs_take_back
from app.explorer.models import RunState
from app.explorer.models.journal import CommandKind
from app.explorer.schemas import BudgetIn, RunIn, SamplingIn
from app.explorer.services import command_create, run_create
from app.explorer.services.run import BATCH
from search.bench import cells as bench
from search.bench.plan import BadPlan, Plan
from search.bench.problem_sets import BadProblems, Problem, problems_of


class Cancelled(Exception):
    """Somebody cancelled the experiment meanwhile."""


def experiment_fill(experiment_id: str) -> None:
    """Give every cell its run, and try failed runs again. A second worker that is told finds the lock taken."""
    with held_alone(f"experiment:{experiment_id}") as mine:
        experiment = Experiment.objects.filter(
            pk=experiment_id, filled_at__isnull=True, cancelled_at__isnull=True, error__isnull=True
        ).first()
        if not mine or experiment is None:
            return
        try:
            _try_again(experiment)
            _fill(experiment)
        except Cancelled:
            return
        except (BadPlan, BadProblems, Invalid) as error:
            with transaction.atomic():
                runs_take_back(experiment)
                Experiment.objects.filter(pk=experiment.pk).update(error=str(error))


def _fill(experiment: Experiment) -> None:
    plan = Plan.model_validate(experiment.plan)
    problems = {some.name: _problems(experiment, plan, some.name) for some in plan.sets}
    have = set(experiment.cells.values_list("number", flat=True))
    for number, cell in enumerate(bench.cells(plan, problems)):
        if number not in have:
            _start(experiment, number, cell)
    Experiment.objects.filter(pk=experiment.pk, cancelled_at__isnull=True).update(filled_at=timezone.now())


def _problems(experiment: Experiment, plan: Plan, name: str) -> list[Problem]:
    """Drawn once and kept: a newer version of the program may draw others."""
    if name not in experiment.problems:
        some = next(some for some in plan.sets if some.name == name)
        experiment.problems[name] = [problem_row(problem) for problem in problems_of(some, plan.split)]
        experiment.save(update_fields=["problems"])
    return [Problem(*row) for row in experiment.problems[name]]


def _start(experiment: Experiment, number: int, cell: bench.Cell) -> None:
    spec = cell.spec
    wanted = RunIn(
        problem=problem_in(Problem(spec.problem.text, spec.problem.answer, spec.problem.verifier)),
        algorithm=spec.algorithm,
        params=spec.params,
        policy=spec.policy,
        reward=spec.reward,
        sampling=SamplingIn(**spec.sampling.model_dump()),
        budget=BudgetIn(**spec.budget.model_dump()),
        seed=spec.seed,
    )
    with transaction.atomic():
        now = Experiment.objects.select_for_update(of=("self",)).select_related("session", "created_by")
        held = now.get(pk=experiment.pk)
        if held.cancelled_at is not None:
            raise Cancelled
        run = run_create(session=held.session, user=held.created_by, wanted=wanted, queue=BATCH)
        Cell.objects.create(
            experiment=held, number=number, run=run, set=cell.set, problem=cell.problem, strategy=cell.strategy,
            budget=cell.budget, seed=cell.seed,
        )  # fmt: skip


def _try_again(experiment: Experiment) -> None:
    user = experiment.created_by
    for cell in experiment.cells.filter(run__state=RunState.FAILED).select_related("run__session"):
        if user is not None:
            try:
                command_create(run=cell.run, user=user, kind=CommandKind.RESUME)
            except Conflict:
                pass  # somebody resumed it by hand
