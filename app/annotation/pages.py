"""The pages of annotation: reading paths one by one, and the queues they come from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from app.annotation.agreement.selectors import agreement as agreement_of
from app.annotation.models import LabelQueue
from app.annotation.queues.selectors import queue_shape, queues_page
from app.annotation.queues.services import FINISHED
from app.explorer.models import Run, Session
from app.teams.models import Team, User
from app.teams.permissions import Action, can, visible_to

MOST_SESSIONS = 200


@never_cache
@require_safe
@login_required
def label_run(request: HttpRequest, run_id: UUID, leaf: int | None = None) -> HttpResponse:
    """The paths of one run, one at a time; `leaf` names the one to begin with."""
    user = _user(request)
    run = visible_to(user, Run).select_related("session").filter(pk=run_id).first()
    _demand(user, "label", run)
    assert run is not None
    props = {"user": user.username, "title": run.session.title, "run": {"id": run.pk, "leaf": leaf}}
    return render(request, "annotation/label.html", {"props": props, "back": f"/runs/{run.pk}"})


@never_cache
@require_safe
@login_required
def queues(request: HttpRequest) -> HttpResponse:
    """Every queue of one's teams."""
    user = _user(request)
    items, following = queues_page(user, visible_to(user, LabelQueue), cursor=None, limit=50)
    teams = list(visible_to(user, Team))
    props = {
        "first": {"items": items, "next": following},
        "canMake": any(can(user, "edit", team) for team in teams),
        "canLabel": any(can(user, "label", team) for team in teams),
    }
    return render(request, "annotation/queues.html", {"props": props})


@never_cache
@require_safe
@login_required
def new_queue(request: HttpRequest) -> HttpResponse:
    """The form; `?session=` has one session chosen already."""
    user = _user(request)
    teams = [team for team in visible_to(user, Team) if can(user, "edit", team)]
    finished = Count("runs", filter=Q(runs__state__in=FINISHED))
    sessions = (
        visible_to(user, Session)
        .filter(team__in=teams, archived_at__isnull=True)
        .annotate(finished=finished)
        .filter(finished__gt=0)
        .order_by("-updated_at")[:MOST_SESSIONS]
    )
    shown = [{"id": str(one.pk), "title": one.title, "team": one.team_id, "runs": one.finished} for one in sessions]
    asked = request.GET.get("session")
    props = {
        "sessions": shown,
        "members": {team.pk: sorted(team.members.values_list("username", flat=True)) for team in teams},
        "chosen": asked if any(one["id"] == asked for one in shown) else None,
    }
    return render(request, "annotation/new_queue.html", {"props": props})


@never_cache
@require_safe
@login_required
def queue(request: HttpRequest, queue_id: UUID) -> HttpResponse:
    """One queue and how its annotators do."""
    user = _user(request)
    found = _queue(user, "view", queue_id)
    may: dict[str, Any] = {"edit": can(user, "edit", found), "label": can(user, "label", found)}
    return render(request, "annotation/queue.html", {"props": {"queue": queue_shape(user, found), "can": may}})


@never_cache
@require_safe
@login_required
def label_queue(request: HttpRequest, queue_id: UUID) -> HttpResponse:
    """Label next: the queue's paths, one at a time."""
    user = _user(request)
    found = _queue(user, "label", queue_id)
    props = {"user": user.username, "title": found.title, "queue": queue_shape(user, found)}
    return render(request, "annotation/label.html", {"props": props, "back": f"/queues/{found.pk}"})


@never_cache
@require_safe
@login_required
def agreement(request: HttpRequest, queue_id: UUID) -> HttpResponse:
    """How far the annotators of a queue agree, and their disagreements side by side."""
    user = _user(request)
    found = _queue(user, "edit", queue_id)
    props = {"queue": {"id": found.pk, "title": found.title}, "agreement": agreement_of(found)}
    return render(request, "annotation/agreement.html", {"props": props})


def _queue(user: User, action: Action, queue_id: UUID) -> LabelQueue:
    found = visible_to(user, LabelQueue).filter(pk=queue_id).first()
    _demand(user, action, found)
    assert found is not None
    return found


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _demand(user: User, action: Action, target: Any) -> None:
    """404 where there is nothing to be seen, 403 where the role does not allow it."""
    if target is None:
        raise Http404
    if not can(user, action, target):
        raise PermissionDenied
