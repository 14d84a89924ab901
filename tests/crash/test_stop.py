"""SIGTERM: a worker that is asked to go gives its run back within five seconds, and the next one goes on with it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.crash.runs import Journey, database, seconds_since
from tests.support.stack import Stack, wait_until

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def test_a_worker_asked_to_go_gives_its_run_back(
    crashing_stack: Stack, undisturbed: list[tuple[int, str, Any]]
) -> None:
    journey = Journey.begin(crashing_stack)
    journey.wait_for_head(len(undisturbed) // 3)
    old = crashing_stack.pid("Worker")
    os.kill(old, signal.SIGTERM)
    asked = time.monotonic()
    wait_until(lambda: journey.attempts()[0][0], 5, "the attempt's end")
    print(f"\ngiven back after {seconds_since(asked)} s")
    assert [outcome for outcome, _, _ in journey.attempts()] == ["given back"]
    with database(crashing_stack) as connection:
        lease = connection.execute("SELECT lease FROM explorer_run WHERE id = %s", (journey.run,)).fetchone()
    assert lease == (None,)
    crashing_stack.wait_for_new("Worker", old)
    journey.wait_for_end()
    assert journey.journal() == undisturbed
    assert [outcome for outcome, _, _ in journey.attempts()] == ["given back", "completed"]
