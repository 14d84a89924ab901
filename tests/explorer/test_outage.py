"""Redis away: everything is kept, nothing waits for long."""

from __future__ import annotations

import time

import pytest
from django.conf import settings

from app.explorer import doorbell
from app.explorer.models import Command, Run
from tests.explorer.world import make_world


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a server that is not there."""
    monkeypatch.setattr(settings, "REDIS_URL", "unix:///nowhere/redis.sock")
    monkeypatch.setattr(doorbell, "_client", None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_redis")
def test_a_run_is_kept_and_says_why_it_waits() -> None:
    world = make_world()
    world.owner.get_json("/sessions")
    started = time.monotonic()
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "greedy"}
    run = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body).json()
    assert world.owner.send("POST", f"/runs/{run['id']}/cancel").status_code == 202
    assert time.monotonic() - started < 5
    assert "Redis does not answer" in run["queue"]["reason"]
    assert Run.objects.get(pk=run["id"]).doorbell_at is None  # so that a worker finds it by looking
    assert Command.objects.count() == 1
