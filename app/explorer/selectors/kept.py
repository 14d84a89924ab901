"""Answers that take long to make, kept in the cache; without a cache they are made anew."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

KEEP_SECONDS = 3600


def kept(key: str) -> dict[str, Any] | None:
    """What was kept under the key; None if nothing was, or the cache is away."""
    try:
        found: dict[str, Any] | None = cache.get(key)
        return found
    except RedisError:
        return None


def keep(key: str, answer: dict[str, Any]) -> None:
    """Keep an answer for an hour, if there is a cache."""
    try:
        cache.set(key, answer, KEEP_SECONDS)
    except RedisError as error:
        log.warning("an answer is not kept", key=key, error=str(error))
