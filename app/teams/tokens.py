"""Tokens: 256 random bits, shown once, stored as a digest."""

from __future__ import annotations

import hashlib
import secrets

API = "esp_api_"
LOGIN = "esp_login_"
SHARE = "esp_share_"
INVITATION = "esp_join_"


def token_new(prefix: str) -> tuple[str, str]:
    """A fresh token and its digest. The prefix lets people and secret scanners recognise what leaked."""
    token = prefix + secrets.token_urlsafe(32)
    return token, digest_of(token)


def digest_of(token: str) -> str:
    """SHA-256 as hexadecimal. No slow hash is needed: the token has 256 random bits, nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
