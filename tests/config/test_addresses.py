"""One address, several libraries: what each of them is given."""

from __future__ import annotations

import pytest

from app.config.addresses import database_from_url, redis_as_broker
from app.config.env import BadSetting


def test_a_database_on_the_network() -> None:
    entry = database_from_url("postgresql://ann:p%40ss@db.example:5433/tree?sslmode=require", pool_size=0)
    assert {name: entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")} == {
        "NAME": "tree",
        "USER": "ann",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


def test_a_database_behind_a_socket_with_a_pool() -> None:
    entry = database_from_url("postgresql://espalier@/espalier?host=/tmp/a%20b/pg", pool_size=9)
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("/tmp/a b/pg", "", "espalier")
    assert entry["OPTIONS"]["pool"]["max_size"] == 9
    assert entry["CONN_MAX_AGE"] == 0, "Django refuses a pool with persistent connections"


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(BadSetting, match="must start with postgresql://, not mysql://"):
        database_from_url("mysql://root@localhost/x", pool_size=0)


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("redis://:pw@host:6379/3", "redis://:pw@host:6379/3"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
    ],
)
def test_redis_as_celerys_broker(given: str, broker: str) -> None:
    assert redis_as_broker(given) == broker
