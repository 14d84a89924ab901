"""Share links: a read-only token for one session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from app.config.problems import Invalid
from app.teams.models import ShareLink, User
from app.teams.tokens import SHARE, digest_of, token_new

if TYPE_CHECKING:
    from app.explorer.models import Session

DEFAULT_LIFE = timedelta(days=30)
LONGEST_LIFE = timedelta(days=366)
LAST_USED_EVERY = timedelta(minutes=1)


def share_link_create(
    *, session: Session, created_by: User, expires_at: datetime | None = None
) -> tuple[ShareLink, str]:
    """A link and its token, which is shown this once.

    Raises:
        Invalid: `expires_at` lies in the past or more than a year ahead, or has no time zone.
    """
    now = timezone.now()
    expires_at = expires_at or now + DEFAULT_LIFE
    if timezone.is_naive(expires_at):
        raise Invalid.field("expires_at", "has no time zone", "write it like 2031-05-01T12:00:00Z")
    if expires_at <= now:
        raise Invalid.field("expires_at", "lies in the past", "choose a time in the future, or leave it out: 30 days")
    if expires_at > now + LONGEST_LIFE:
        raise Invalid.field("expires_at", "is more than a year ahead", "choose a time within a year")
    token, digest = token_new(SHARE)
    link = ShareLink(session=session, digest=digest, created_by=created_by, expires_at=expires_at)
    link.full_clean()
    link.save()
    return link, token


def share_link_revoke(*, link: ShareLink) -> None:
    """End the link now. Revoking twice changes nothing."""
    ShareLink.objects.filter(pk=link.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())


def share_link_redeem(token: str) -> ShareLink | None:
    """The link this token opens; None when unknown, expired, revoked, or its session was archived."""
    return _alive(digest=digest_of(token))


def share_link_alive(link_id: str) -> ShareLink | None:
    """The link of that id if it still reads its session: a browser keeps the id in its cookie session."""
    return _alive(pk=link_id)


def _alive(**where: str) -> ShareLink | None:
    now = timezone.now()
    link = (
        ShareLink.objects.select_related("session")
        .filter(revoked_at__isnull=True, expires_at__gt=now, session__archived_at__isnull=True, **where)
        .first()
    )
    if link is not None and (link.last_used_at is None or now - link.last_used_at > LAST_USED_EVERY):
        ShareLink.objects.filter(pk=link.pk).update(last_used_at=now)
    return link
