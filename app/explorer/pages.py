"""The pages of the explorer. Each brings what its island needs first; the island goes on by REST and websocket."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from app.config.problems import Invalid
from app.explorer.models import Run, Session
from app.explorer.node_view import driving_calibration
from app.explorer.selectors import run_shape, runs_page, runs_to_compare, session_shape, sessions_page
from app.explorer.selectors.sessions import tags_in_use
from app.explorer.strategies import strategies
from app.teams.models import ShareLink, Team, User
from app.teams.pages import sign_in_by_link
from app.teams.permissions import Action, can, visible_to
from app.teams.principals import Principal, principal_of_cookie

M = TypeVar("M", bound=Model)
P = ParamSpec("P")

SKELETON_FROM = 10_000
"""Events from which on a page begins with the packed skeleton; frontend/src/explorer/explorer.svelte.ts has it too."""
SHOWN_ACTIONS: tuple[Action, ...] = ("steer", "label", "export", "edit", "share")
"""What the pages have buttons for."""


def for_readers(
    page: Callable[Concatenate[HttpRequest, Principal, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A page for users and for readers of a share link; anybody else logs in first and comes back."""

    @wraps(page)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        principal = principal_of_cookie(request.user, request.session)
        if principal is None:
            return redirect_to_login(request.get_full_path())
        return page(request, principal, *args, **kwargs)

    return never_cache(require_safe(answer))


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The sessions list; `?token=` logs in by the one-time link first."""
    if token := request.GET.get("token"):
        if request.method == "HEAD":  # a link checker's question must not use the link up
            return HttpResponse()
        return sign_in_by_link(request, token)
    return sessions(request)


@for_readers
def sessions(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Every session one may see; a guest sees one, and is taken there."""
    if isinstance(principal, ShareLink):
        return redirect("session", principal.session_id)
    rows = visible_to(principal, Session)
    asked = _asked_for(request)
    items, following = sessions_page(principal, rows, **asked)
    may_start = any(can(principal, "steer", team) for team in visible_to(principal, Team))
    props = {
        "first": {"items": items, "next": following},
        "canStart": may_start,
        "asked": asked,
        "tags": tags_in_use(rows),
    }
    return render(request, "explorer/sessions.html", {"props": props})


@never_cache
@require_safe
@login_required
def new_run(request: HttpRequest) -> HttpResponse:
    """The form; `?session=` adds the run to a session, `?like=` starts from the settings of a run."""
    like = _asked(request, "like", Run)
    session = _asked(request, "session", Session) or (like.session if like else None)
    if session is not None and not can(request.user, "steer", session):
        session = None
    props = {
        "session": {"id": session.pk, "title": session.title} if session else None,
        "like": run_shape(like) if like else None,
    }
    return render(request, "explorer/new_run.html", {"props": props})


@for_readers
def session_page(request: HttpRequest, principal: Principal, session_id: UUID) -> HttpResponse:
    """The runs of one session, and what one can do with it."""
    session = found_or_404(principal, Session, session_id)
    items, following = runs_page(Run.objects.filter(session=session))
    props = {
        "session": session_shape(principal, session),
        "first": {"items": items, "next": following},
        "can": _may(principal, session),
    }
    return render(request, "explorer/session.html", {"props": props, "guest": isinstance(principal, ShareLink)})


@for_readers
def compare_page(request: HttpRequest, principal: Principal, session_id: UUID) -> HttpResponse:
    """`?run=…&run=…`: two to six runs of one problem beside each other; what cannot be compared is said there."""
    session = found_or_404(principal, Session, session_id)
    try:
        runs = runs_to_compare(session, [UUID(given) for given in request.GET.getlist("run")])
        props: dict[str, Any] = {
            "runs": [run_shape(run) for run in runs],
            "calibrations": [driving_calibration(run) for run in runs],
            "trouble": None,
        }
    except Invalid as refusal:
        props = {"runs": [], "trouble": f"{refusal.errors[0].message}: {refusal.errors[0].mend}."}
    except ValueError:
        props = {"runs": [], "trouble": "One of the runs in this address is no run's id."}
    props["session"] = {"id": session.pk, "title": session.title}
    return render(request, "explorer/compare.html", {"props": props, "guest": isinstance(principal, ShareLink)})


@for_readers
def run_page(request: HttpRequest, principal: Principal, run_id: UUID) -> HttpResponse:
    """The explorer of one run."""
    run = found_or_404(principal, Run, run_id)
    # Asked for while the scripts are still on their way: a large tree is drawn when both have come.
    preload = f"/api/v1/runs/{run.pk}/skeleton?packed=true" if run.head_seq > SKELETON_FROM else None
    props = {
        "run": run_shape(run),
        "urls": {
            "api": f"/api/v1/runs/{run.pk}",
            "live": f"/ws/runs/{run.pk}/",
            "session": f"/sessions/{run.session_id}",
            "again": f"/new?like={run.pk}",
        },
        "user": principal.username if isinstance(principal, User) else None,
        # What was recorded or imported has no search here that a person could steer.
        "can": _may(principal, run) | ({} if run.algorithm in strategies() else {"steer": False}),
        "calibration": driving_calibration(run),
    }
    context = {"props": props, "preload": preload, "guest": isinstance(principal, ShareLink)}
    return render(request, "explorer/run.html", context)


def found_or_404(principal: Principal, model: type[M], pk: UUID) -> M:
    """The row of a page's address, if it may be seen."""
    row = visible_to(principal, model).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """What the address narrows the list to; what it misspells is left out."""
    given = request.GET
    return {
        "q": given.get("q", "")[:200],
        "tags": [tag[:40] for tag in given.getlist("tag")[:20]],
        "archived": given.get("archived") == "true",
        "sort": "created" if given.get("sort") == "created" else "updated",
    }


def _asked(request: HttpRequest, name: str, model: type[M]) -> M | None:
    """The row that a query parameter names, if it names one that may be seen."""
    try:
        pk = UUID(request.GET.get(name, ""))
    except ValueError:
        return None
    return visible_to(request.user, model).filter(pk=pk).first()


def _may(principal: Principal, target: Model) -> dict[str, bool]:
    return {action: can(principal, action, target) for action in SHOWN_ACTIONS}
