"""The embedded servers themselves: made once, kept, reached only through their sockets."""

from __future__ import annotations

import pytest
from django.db import connection
from redis import Redis


@pytest.mark.django_db
def test_the_suite_runs_on_real_postgresql_18() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        assert int(cursor.fetchone()[0]) >= 180000
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone()[0] == ""


def test_redis_keeps_an_append_only_file(servers) -> None:
    import os

    with Redis.from_url(os.environ["REDIS_URL"]) as redis:
        assert redis.config_get("appendonly") == {"appendonly": "yes"}
        assert redis.config_get("port") == {"port": "0"}
