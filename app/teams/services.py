"""Writes of the teams app: people, teams, sign-in tokens."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from app.config.problems import Conflict, Invalid
from app.teams.models import ApiToken, LoginToken, Membership, Role, Team, User
from app.teams.share_links import share_link_create, share_link_redeem, share_link_revoke
from app.teams.tokens import API, LOGIN, digest_of, token_new

__all__ = [
    "api_token_create",
    "api_token_revoke",
    "api_token_user",
    "login_token_create",
    "login_token_redeem",
    "membership_set",
    "owner_ensure",
    "share_link_create",
    "share_link_redeem",
    "share_link_revoke",
    "team_create",
    "user_create",
]

LOGIN_TOKEN_LIFE = timedelta(hours=12)
LAST_USED_EVERY = timedelta(minutes=1)  # a script that polls must not write a row at every request


@transaction.atomic
def owner_ensure() -> User:
    """The local owner, made at the first start: an admin without a password, who signs in by link or token."""
    owner, created = User.objects.get_or_create(username="owner", defaults={"is_staff": True, "is_superuser": True})
    if created:
        owner.set_unusable_password()
        owner.save(update_fields=["password"])
        team_create(name="My explorations", owner=owner, personal=True)
    return owner


@transaction.atomic
def user_create(*, username: str, email: str = "", password: str | None = None) -> User:
    """A person with a personal team. Without a password they sign in by link."""
    user = User(username=username, email=email)
    user.set_password(password)
    user.full_clean(exclude=["password"])
    user.save()
    team_create(name=f"{username}'s explorations", owner=user, personal=True)
    return user


@transaction.atomic
def team_create(*, name: str, owner: User, personal: bool = False) -> Team:
    """A team with its first owner."""
    team = Team(name=name, personal=personal)
    team.full_clean()
    team.save()
    membership_set(team=team, user=owner, role=Role.OWNER)
    return team


@transaction.atomic
def membership_set(*, team: Team, user: User, role: str) -> Membership:
    """Make someone a member or change their role; a team keeps at least one owner.

    Raises:
        Invalid: no such role.
        Conflict: the team would be left without an owner.
    """
    if role not in Role.values:
        raise Invalid.field("role", f"{role!r} is not a role", f"one of {', '.join(Role.values)}")
    Team.objects.select_for_update().get(pk=team.pk)
    owners = Membership.objects.filter(team=team, role=Role.OWNER).exclude(user=user)
    if role != Role.OWNER and not owners.exists():
        raise Conflict("A team needs an owner: make somebody else owner first.")
    membership, _ = Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
    return membership


def login_token_create(user: User, *, expires_at: datetime | None = None) -> str:
    """A token that signs `user` in once, for the next twelve hours unless said otherwise."""
    token, digest = token_new(LOGIN)
    LoginToken.objects.create(user=user, digest=digest, expires_at=expires_at or timezone.now() + LOGIN_TOKEN_LIFE)
    return token


@transaction.atomic
def login_token_redeem(token: str) -> User | None:
    """The user whom the token signs in, the first time; None afterwards, when expired, or for an inactive user."""
    now = timezone.now()
    digest = digest_of(token)
    # Of two browsers with the same link one gets in: the second waits for the first's row lock and then finds it used.
    # Only columns of the row itself may be asked for here; PostgreSQL does not look at joined tables again.
    used = LoginToken.objects.filter(digest=digest, used_at__isnull=True, expires_at__gt=now).update(used_at=now)
    return User.objects.filter(login_tokens__digest=digest, is_active=True).first() if used else None


def api_token_create(user: User, name: str) -> str:
    """A bearer token that acts as `user`; the name tells the user which one to revoke."""
    token, digest = token_new(API)
    row = ApiToken(user=user, name=name, digest=digest)
    row.full_clean()
    row.save()
    return token


def api_token_user(token: str) -> User | None:
    """Whose token this is; None for unknown and revoked ones and for inactive users."""
    row = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest_of(token), revoked_at__isnull=True, user__is_active=True)
        .first()
    )
    if row is None:
        return None
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > LAST_USED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row.user


def api_token_revoke(*, user: User, name: str) -> int:
    """End every token of that name; returns how many there were."""
    return ApiToken.objects.filter(user=user, name=name, revoked_at__isnull=True).update(revoked_at=timezone.now())
