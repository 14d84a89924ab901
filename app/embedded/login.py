"""The owner of this machine's Espalier: a user with a team, a token for scripts, and a login link for the browser."""

from __future__ import annotations

from app.embedded.home import Home, write_private


def prepare_owner(home: Home) -> str:
    """Make the owner and `owner.token` when missing; the answer is a fresh one-time login token."""
    from app.teams.services import api_token_create, login_token_create, owner_ensure

    owner = owner_ensure()
    if not home.owner_token.exists():
        # Only a digest is in the database: the file is the one place where this token can be read.
        write_private(home.owner_token, api_token_create(user=owner, name="owner of this machine"))
    return login_token_create(user=owner)
