"""Writes of sessions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from app.config.problems import Forbidden, Invalid
from app.explorer.models import Session
from app.teams.models import Team, User
from app.teams.permissions import can

MOST_TAGS = 20


def team_for(user: User, team_id: int | None) -> Team:
    """The team a new session goes to: the one named, else the user's personal one.

    Raises:
        Invalid: the user is in no such team.
        Forbidden: the user's role there does not allow it.
    """
    mine = user.teams.all()
    team = mine.filter(pk=team_id).first() if team_id is not None else mine.filter(personal=True).first()
    if team is None:
        raise Invalid.field("team", "you are not a member of this team", "leave it out for your personal team")
    if not can(user, "steer", team):
        raise Forbidden("Your role in this team does not allow starting sessions; ask an owner to make you an editor.")
    return team


@transaction.atomic
def session_create(*, team: Team, user: User, title: str, tags: Sequence[str] = ()) -> Session:
    """A new, empty session.

    Raises:
        Invalid: an empty or too long title, too many or empty tags.
    """
    session = Session(team=team, created_by=user, title=_title(title), tags=_tags(tags))
    session.full_clean()
    session.save()
    return session


@transaction.atomic
def session_update(
    *, session: Session, title: str | None = None, tags: Sequence[str] | None = None, archived: bool | None = None
) -> Session:
    """Change what is given. Archiving hides a session from lists and ends its share links; nothing is deleted."""
    if title is not None:
        session.title = _title(title)
    if tags is not None:
        session.tags = _tags(tags)
    if archived is not None and archived != (session.archived_at is not None):
        session.archived_at = timezone.now() if archived else None
    session.updated_at = timezone.now()
    session.full_clean()
    session.save(update_fields=["title", "tags", "archived_at", "updated_at"])
    return session


def session_touch(session_id: UUID) -> None:
    """Something happened in it: it comes first in the list."""
    Session.objects.filter(pk=session_id).update(updated_at=timezone.now())


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title or "\0" in title:
        raise Invalid.field("title", "is empty", "a few words")
    if len(title) > 200:
        raise Invalid.field("title", f"has {len(title)} characters", "at most 200")
    return title


def _tags(tags: Sequence[str]) -> list[str]:
    clean = list(dict.fromkeys(" ".join(tag.split()) for tag in tags))
    if len(clean) > MOST_TAGS:
        raise Invalid.field("tags", f"{len(clean)} tags are too many", f"at most {MOST_TAGS}")
    for number, tag in enumerate(clean):
        if not tag or len(tag) > 40 or "\0" in tag:
            raise Invalid.field(f"tags.{number}", "is empty or too long", "1 to 40 characters")
    return clean
