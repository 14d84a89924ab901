"""Who may do what: the one place that decides.

Nothing is public. A user sees what belongs to a team they are a member of; the reader of a share link sees one
session. What may be done with it is a matter of the role. An admin's rights end at the registry of models: being an
admin opens nobody's sessions.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from app.teams.models import Membership, Role, ShareLink, Team, User
from app.teams.principals import Principal

Action = Literal["view", "label", "export", "steer", "edit", "share", "manage"]
"""`view` reads; `label` marks steps; `export` and import write training files; `steer` starts, forks and commands
runs; `edit` renames and archives sessions, makes queues and adjudicates; `share` makes and revokes links; `manage`
changes members and roles."""

ACTIONS: dict[str, frozenset[Action]] = {
    Role.VIEWER: frozenset({"view"}),
    Role.ANNOTATOR: frozenset({"view", "label", "export"}),
    Role.EDITOR: frozenset({"view", "label", "export", "steer", "edit", "share"}),
    Role.OWNER: frozenset({"view", "label", "export", "steer", "edit", "share", "manage"}),
}

# Where each kind of object keeps its team and its session, seen from its own table.
_PATHS: dict[str, tuple[str, str | None]] = {
    "teams.team": ("pk", None),
    "explorer.session": ("team", "pk"),
    "explorer.run": ("session__team", "session"),
    "experiments.experiment": ("session__team", "session"),
    "registry.languagemodel": ("team", None),
    "registry.modeltrial": ("team", None),
    "registry.modelcheck": ("team", None),
    "annotation.exportjob": ("team", None),
    "annotation.automaticlabeljob": ("session__team", "session"),
    "annotation.labelqueue": ("team", None),
    "annotation.trainingjob": ("team", None),
    "annotation.importjob": ("team", None),
    "teams.sharelink": ("session__team", None),
}

_EVERYBODYS = frozenset({"registry.languagemodel"})
"""Kinds of rows that belong to everybody where they name no team."""

M = TypeVar("M", bound=Model)


def visible_to(principal: Principal | AnonymousUser | None, model: type[M]) -> QuerySet[M]:
    """The rows that `principal` may know of. Everything else answers 404, as if it did not exist."""
    rows: QuerySet[M] = model._default_manager.all()
    team_path, session_path = _PATHS[model._meta.label_lower]
    shared = Q(**{f"{team_path}__isnull": True}) if model._meta.label_lower in _EVERYBODYS else Q(pk__in=[])
    if isinstance(principal, User) and principal.is_active:
        teams = Membership.objects.filter(user=principal).values("team")
        return rows.filter(Q(**{f"{team_path}__in": teams}) | shared)
    if isinstance(principal, ShareLink) and session_path:
        return rows.filter(**{session_path: principal.session_id})
    return rows.filter(shared) if isinstance(principal, ShareLink) else rows.none()


def is_admin(principal: Principal | AnonymousUser | None) -> bool:
    """May they say which models there are, for everybody? A model's folder is read and its server spoken to by workers,
    so this is a right of the installation's admins, not of a team's owners."""
    return isinstance(principal, User) and principal.is_active and principal.is_staff


def role_in(user: User, team_id: int) -> str | None:
    """The user's role in that team, or None."""
    return Membership.objects.filter(user=user, team_id=team_id).values_list("role", flat=True).first()


def can(principal: Principal | AnonymousUser | None, action: Action, target: Model) -> bool:
    """May `principal` do `action` to `target` (a team, a session, a run, an export)?"""
    if isinstance(principal, ShareLink):
        return action == "view" and _session_id(target) == principal.session_id
    if not isinstance(principal, User) or not principal.is_active:
        return False
    role = role_in(principal, _team_id(target))
    return role is not None and action in ACTIONS[role]


def _team_id(target: Any) -> int:
    if isinstance(target, Team):
        return target.pk
    if hasattr(target, "team_id"):
        return int(target.team_id)
    return int(target.session.team_id)


def _session_id(target: Any) -> Any:
    return getattr(target, "session_id", None) or (target.pk if target._meta.label == "explorer.Session" else None)
