"""Who is asking: a user, or the reader of a share link. The API, the pages and the websocket all ask here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase

from app.teams.models import ShareLink, User
from app.teams.services import api_token_user
from app.teams.share_links import share_link_alive, share_link_redeem
from app.teams.tokens import SHARE

Principal: TypeAlias = User | ShareLink

SHARE_LINK_KEY = "share_link"
"""Where the cookie session of a visitor without an account keeps the id of the link they opened."""


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization: Bearer …` header; None without one (another scheme counts as an empty token)."""
    value = headers.get("Authorization")
    if value is None:
        return None
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def principal_of_bearer(token: str) -> Principal | None:
    """Whom a bearer token stands for: a user's API token or a share link's token."""
    if token.startswith(SHARE):
        return share_link_redeem(token)
    return api_token_user(token) if token else None


def principal_of_cookie(
    user: User | AnonymousUser | Any, cookie_session: SessionBase | Mapping[str, Any]
) -> Principal | None:
    """Whom the page's cookie stands for: the signed-in user, else the reader of an opened share link."""
    if isinstance(user, User) and user.is_active:
        return user
    link_id = cookie_session.get(SHARE_LINK_KEY)
    return share_link_alive(str(link_id)) if link_id else None
