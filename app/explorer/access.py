"""From an address to a row: what the caller may see, else 404; what their role allows, else 403."""

from __future__ import annotations

from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest

from app.config.problems import Absent, Forbidden
from app.explorer.models import Run, Session
from app.teams.models import Role, ShareLink, User
from app.teams.permissions import ACTIONS, Action, can, visible_to
from app.teams.principals import Principal

M = TypeVar("M", bound=Model)


def principal_of(request: HttpRequest) -> Principal:
    """Whom the API's authentication found."""
    return cast(Principal, cast(Any, request).auth)


def user_of(request: HttpRequest) -> User:
    """The caller as a user.

    Raises:
        Forbidden: the caller reads by a share link.
    """
    principal = principal_of(request)
    if isinstance(principal, ShareLink):
        raise Forbidden("A share link reads one session; it cannot change anything. Sign in to go on.")
    return principal


def visible(request: HttpRequest, model: type[M], row_id: UUID, action: Action = "view") -> M:
    """The row, if the caller may see it and do `action` to it.

    Raises:
        Absent: no such row, or not theirs to see; the two are not told apart.
        Forbidden: seen, but not to be changed by them.
    """
    row = visible_to(principal_of(request), model).filter(pk=row_id).first()
    if row is None:
        raise Absent(f"There is no {model._meta.verbose_name} {row_id} that you may see.")
    if action != "view":
        user = user_of(request)
        if not can(user, action, row):
            roles = ", ".join(str(role) for role in Role if action in ACTIONS[role])
            raise Forbidden(f"Your role does not allow this; it takes one of: {roles}. Ask an owner of the team.")
    return row


def visible_session(request: HttpRequest, session_id: UUID, action: Action = "view") -> Session:
    """The session of an address."""
    return visible(request, Session, session_id, action)


def visible_run(request: HttpRequest, run_id: UUID, action: Action = "view") -> Run:
    """The run of an address."""
    return visible(request, Run, run_id, action)
