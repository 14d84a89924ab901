"""Share links: made, listed and revoked by those who may share a session."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Body, Router, Schema, Status
from pydantic import ConfigDict

from app.config.problems import Absent
from app.explorer.access import user_of, visible_session
from app.teams.models import ShareLink
from app.teams.services import share_link_create, share_link_revoke

router = Router(tags=["share links"])


class ShareLinkIn(Schema):
    """Without `expires_at` a link lives for 30 days."""

    model_config = ConfigDict(extra="forbid")

    expires_at: datetime | None = None


NOTHING_CHOSEN = Body(default_factory=ShareLinkIn)


class ShareLinkOut(Schema):
    """A link without its token, which was shown once."""

    id: UUID
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class ShareLinkMade(ShareLinkOut):
    """A new link: `url` for people, `token` as the bearer of scripts. Neither is shown again."""

    url: str
    token: str


class ShareLinkList(Schema):
    """All of a session's links; there is never a next page."""

    items: list[ShareLinkOut]
    next: None = None


@router.post("/sessions/{uuid:session_id}/share-links", response={201: ShareLinkMade}, summary="Share a session")
def share(request: HttpRequest, session_id: UUID, link: ShareLinkIn = NOTHING_CHOSEN) -> Status:
    """A link that reads this session and nothing else."""
    session = visible_session(request, session_id, "share")
    made, token = share_link_create(session=session, created_by=user_of(request), expires_at=link.expires_at)
    return Status(201, _shape(made) | {"url": f"{settings.SITE_URL}/s/{token}", "token": token})


@router.get("/sessions/{uuid:session_id}/share-links", response=ShareLinkList, summary="A session's share links")
def share_links(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Those that ended are listed too."""
    session = visible_session(request, session_id, "share")
    links = ShareLink.objects.filter(session=session).select_related("created_by").order_by("-created_at")
    return {"items": [_shape(link) for link in links]}


@router.delete(
    "/sessions/{uuid:session_id}/share-links/{uuid:link_id}", response={204: None}, summary="Revoke a share link"
)
def revoke(request: HttpRequest, session_id: UUID, link_id: UUID) -> Status:
    """Ends it now, for everybody who has it open too."""
    session = visible_session(request, session_id, "share")
    link = ShareLink.objects.filter(session=session, pk=link_id).first()
    if link is None:
        raise Absent(f"This session has no share link {link_id}.")
    share_link_revoke(link=link)
    return Status(204, None)


def _shape(link: ShareLink) -> dict[str, Any]:
    return {
        "id": link.pk,
        "created_by": link.created_by.username,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "revoked_at": link.revoked_at,
        "last_used_at": link.last_used_at,
    }
