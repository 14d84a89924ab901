"""A real worker that is killed while it reads a file: nothing of it is there, and the next worker brings all of it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from app.annotation.models import ImportJob, StepLabel
from app.explorer.models import Run
from tests.annotation.test_export import worker_environment
from tests.explorer.world import World, make_world

PATHS, STEPS = 1500, 10


def worker() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "app.config.celery:celery", "worker", "--pool=threads"]
    return subprocess.Popen(
        [*command, "--concurrency=1", "--queues=batch", "--without-gossip", "--without-mingle"],
        env=worker_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def a_large_file() -> bytes:
    return b"".join(
        json.dumps(
            {"prompt": f"p{n % 50}", "completions": [f"{n} {i}" for i in range(STEPS)], "labels": [True] * STEPS}
        ).encode()
        + b"\n"
        for n in range(PATHS)
    )


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.mark.crash
@pytest.mark.django_db(transaction=True)
def test_a_killed_import_leaves_nothing_and_goes_on() -> None:
    world: World = make_world()
    runs = Run.objects.count()
    form: dict[str, Any] = {"session": str(world.session.pk), "file": io.BytesIO(a_large_file())}
    job = world.owner.post("/api/v1/imports", form).json()
    row = ImportJob.objects.filter(pk=job["id"])
    first = worker()
    try:
        wait_for(lambda: row.filter(state="running", done__gt=0).exists(), "the import did not begin")
    finally:
        first.kill()
        first.wait()
    assert row.get().state == "running"
    assert (Run.objects.count(), StepLabel.objects.count()) == (runs, 0)
    row.update(created_at=timezone.now() - timedelta(minutes=1))  # longer ago than a message may take
    second = worker()
    try:
        wait_for(
            lambda: world.owner.get_json(f"/imports/{job['id']}")["state"] == "completed", "the import did not go on"
        )
    finally:
        second.terminate()
        second.wait(30)
    assert row.get().counts == {
        "runs": 50,
        "steps": PATHS * STEPS,
        "labels": PATHS * STEPS,
        "conflicts": 0,
        "left_out": 0,
    }
    assert Run.objects.count() == runs + 50
