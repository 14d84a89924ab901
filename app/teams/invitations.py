"""Invitations: a link that makes whoever signs in with it a member of a team, once."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from app.config.problems import Absent, Forbidden, Invalid
from app.teams.models import Invitation, Membership, Role, Team, User
from app.teams.permissions import can
from app.teams.tokens import INVITATION, digest_of, token_new

LIFE = timedelta(days=7)


def invitation_create(*, team: Team, invited_by: User, role: str, email: str = "") -> str:
    """A token that is good for one person and seven days.

    Raises:
        Forbidden: only owners invite.
        Invalid: no such role.
    """
    if not can(invited_by, "manage", team):
        raise Forbidden("Only an owner of the team can invite people.")
    if role not in Role.values:
        raise Invalid.field("role", f"{role!r} is not a role", f"one of {', '.join(Role.values)}")
    token, digest = token_new(INVITATION)
    invitation = Invitation(
        team=team, email=email, role=role, digest=digest, invited_by=invited_by, expires_at=timezone.now() + LIFE
    )
    invitation.full_clean()
    invitation.save()
    return token


@transaction.atomic
def invitation_accept(*, token: str, user: User) -> Membership:
    """Make `user` a member. A role they have already stays: an invitation takes nothing away.

    Raises:
        Absent: unknown, expired or used.
    """
    invitation = (
        Invitation.objects.select_for_update()
        .filter(digest=digest_of(token), accepted_at__isnull=True, expires_at__gt=timezone.now())
        .first()
    )
    if invitation is None:
        raise Absent("This invitation is unknown, used or expired. Ask for a new one.")
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    membership, _ = Membership.objects.get_or_create(
        team=invitation.team, user=user, defaults={"role": invitation.role}
    )
    return membership
