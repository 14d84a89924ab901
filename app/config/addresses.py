"""Addresses of PostgreSQL, Redis and the Celery broker, in the form each library wants."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app.config.env import BadSetting


def database_from_url(url: str, *, pool_size: int) -> dict[str, Any]:
    """Django's `DATABASES` entry for `postgresql://user:password@host:port/name?option=value`.

    A unix socket folder goes into the query (`postgresql://user@/name?host=/folder`), as libpq has it.
    `pool_size` 0 turns psycopg's pool off.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise BadSetting(f"DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'}://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    if pool_size:
        # Threads of the web process and of the worker take connections from here; `timeout` is how long one waits
        # for a free connection before the request fails, so that an exhausted pool is seen and not silently queued.
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 15}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "espalier",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(options.pop("port", parts.port or "")),
        # A pooled connection is checked before use: PostgreSQL may have been restarted meanwhile.
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


def redis_as_broker(url: str) -> str:
    """The address under which Celery reaches the Redis at `url`: sockets are `redis+socket://` there."""
    if not url.startswith("unix://"):
        return url
    path, _, query = url.removeprefix("unix://").partition("?")
    database = dict(parse_qsl(query)).get("db", "0")
    return f"redis+socket://{path}?virtual_host={database}"
