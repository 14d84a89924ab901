"""Experiments."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Status

from app.config.pages import Cursor, Limit
from app.config.problems import Conflict
from app.experiments.models import Experiment
from app.experiments.schemas import ExperimentIn
from app.experiments.selectors import (
    cells_page,
    experiment_shape,
    experiments_page,
    report_html,
    results_shape,
    unmeasured,
)
from app.experiments.services import experiment_cancel, experiment_create, experiment_go_on, look_after
from app.experiments.shapes import CellPage, ExperimentOut, ExperimentPage, ResultsOut
from app.explorer.access import principal_of, user_of, visible
from app.teams.permissions import visible_to

router = Router(tags=["experiments"])
Word = Annotated[str | None, Query(max_length=200)]


@router.get("/experiments", response=ExperimentPage, summary="Experiments, the newest first")
def experiments(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> dict[str, Any]:
    """Those of your teams."""
    items, following = experiments_page(visible_to(principal_of(request), Experiment), cursor=cursor, limit=limit)
    return {"items": items, "next": following}


@router.post("/experiments", response={201: ExperimentOut}, summary="Compare strategies on problem sets")
def make_experiment(request: HttpRequest, experiment: ExperimentIn) -> Status:
    """Sets × strategies × budgets × seeds, queued as runs of a session of its own behind everybody's single runs."""
    return Status(201, experiment_shape(experiment_create(user=user_of(request), wanted=experiment)))


@router.get("/experiments/{uuid:experiment_id}", response=ExperimentOut, summary="How an experiment is doing")
def experiment(request: HttpRequest, experiment_id: UUID) -> dict[str, Any]:
    """Finished runs are measured when somebody asks, so ask until `shown` is the number of completed runs."""
    found = visible(request, Experiment, experiment_id)
    look_after(found, unmeasured=unmeasured(found).count())
    return experiment_shape(found)


@router.get("/experiments/{uuid:experiment_id}/results", response=ResultsOut, summary="Tables and charts")
def results(request: HttpRequest, experiment_id: UUID, theme: Literal["light", "dark"] = "light") -> dict[str, Any]:
    """Accuracy with intervals, costs, paired differences and Plotly figures, per problem set."""
    return results_shape(visible(request, Experiment, experiment_id), theme)


@router.get("/experiments/{uuid:experiment_id}/runs", response=CellPage, summary="The runs of an experiment")
def cells(
    request: HttpRequest,
    experiment_id: UUID,
    set: Word = None,
    strategy: Word = None,
    budget: Word = None,
    failure: Word = None,
    rule: Word = None,
    state: Word = None,
    after: Annotated[int, Query(ge=-1)] = -1,
    limit: Limit = 50,
) -> dict[str, Any]:
    """In the plan's order; with `failure` (such as `pruned`) and `rule`, those that failed like that."""
    asked = {"set": set, "strategy": strategy, "budget": budget, "failure": failure, "rule": rule, "state": state}
    filters = {name: value.replace("\0", "") for name, value in asked.items() if value}
    items, following = cells_page(visible(request, Experiment, experiment_id), filters, after=after, limit=limit)
    return {"items": items, "next": following}


@router.get("/experiments/{uuid:experiment_id}/report", summary="The report as one HTML file")
def report(request: HttpRequest, experiment_id: UUID) -> HttpResponse:
    """Everything in it, nothing loaded from elsewhere; failed runs link to their trees here."""
    found = visible(request, Experiment, experiment_id)
    if not found.results_of:
        raise Conflict("No run of this experiment was measured yet. Ask again when the first has finished.")
    response = HttpResponse(report_html(found, settings.SITE_URL), content_type="text/html; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="espalier-experiment-{found.created_at:%Y%m%d-%H%M}.html"'
    return response


@router.post("/experiments/{uuid:experiment_id}/cancel", response={202: ExperimentOut}, summary="Cancel an experiment")
def cancel_experiment(request: HttpRequest, experiment_id: UUID) -> Status:
    """Nothing further begins; what is finished is kept and measured."""
    found = visible(request, Experiment, experiment_id, "steer")
    experiment_cancel(experiment=found, user=user_of(request))
    return Status(202, experiment_shape(Experiment.objects.get(pk=found.pk)))


@router.post("/experiments/{uuid:experiment_id}/resume", response={202: ExperimentOut}, summary="Go on")
def resume_experiment(request: HttpRequest, experiment_id: UUID) -> Status:
    """Makes what a cancel took away, and tries failed runs again; finished runs are not run again."""
    found = visible(request, Experiment, experiment_id, "steer")
    experiment_go_on(experiment=found)
    return Status(202, experiment_shape(Experiment.objects.get(pk=found.pk)))
