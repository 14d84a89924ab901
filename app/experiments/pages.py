"""The pages of experiments: the list, the form, the results."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from app.experiments.models import Experiment
from app.experiments.selectors import experiment_shape, experiments_page
from app.explorer.pages import for_readers, found_or_404
from app.teams.models import ShareLink, Team
from app.teams.permissions import can, visible_to
from app.teams.principals import Principal


@for_readers
def experiments(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Every experiment of one's teams."""
    if isinstance(principal, ShareLink):
        return redirect("session", principal.session_id)
    items, following = experiments_page(visible_to(principal, Experiment))
    may_start = any(can(principal, "steer", team) for team in visible_to(principal, Team))
    props = {"first": {"items": items, "next": following}, "canStart": may_start}
    return render(request, "experiments/list.html", {"props": props})


@never_cache
@require_safe
@login_required
def new_experiment(request: HttpRequest) -> HttpResponse:
    """The form."""
    return render(request, "experiments/new.html", {"props": {}})


@for_readers
def experiment(request: HttpRequest, principal: Principal, experiment_id: UUID) -> HttpResponse:
    """Progress and results of one experiment."""
    found = found_or_404(principal, Experiment, experiment_id)
    props = {"experiment": experiment_shape(found), "canSteer": can(principal, "steer", found)}
    guest = isinstance(principal, ShareLink)
    return render(request, "experiments/experiment.html", {"props": props, "guest": guest})
