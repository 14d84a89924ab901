"""`kill -9` of the worker, of Redis and of PostgreSQL in the middle of a search: it goes on as if nothing had been.

The figures are printed (`pytest tests/crash -s`): at which event each kill came, and how long until the next event.
"""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from tests.crash.runs import Journey, seconds_since
from tests.support.stack import Stack, wait_until

pytestmark = [pytest.mark.crash, pytest.mark.slow]

POINTS = 5
PATIENCE = 30.0  # seconds until effects are added again


@pytest.mark.timeout(280)
@pytest.mark.parametrize("service", ["Worker", "Redis", "PostgreSQL"])
def test_killed_at_five_points_the_journal_is_that_of_an_undisturbed_run(
    service: str, crashing_stack: Stack, undisturbed: list[tuple[int, str, Any]]
) -> None:
    total = len(undisturbed)
    # A poll sees the head a little late: 0.72 keeps the last kill below 80 %.
    rng = random.Random(f"kill {service}")
    points = sorted(rng.uniform(0.2, 0.72) for _ in range(POINTS))
    journey = Journey.begin(crashing_stack)
    for number, point in enumerate(points, start=1):
        before = journey.wait_for_head(round(point * total))
        old = crashing_stack.kill(service)
        killed = time.monotonic()
        if service == "Worker":
            before = journey.head()  # it may have written since the poll; now it writes no more
        assert 0.2 * total <= before <= 0.8 * total, f"killed at {before} of {total} events"
        crashing_stack.wait_for_new(service, old, PATIENCE)
        left = PATIENCE - seconds_since(killed)
        wait_until(lambda before=before: journey.effects_after(before), left, f"effects after event {before}")
        recovery = seconds_since(killed)
        print(
            f"\n{service} kill {number}/{POINTS} at {before}/{total} ({before / total:.0%}): on after {recovery} s",
            end="",
        )
    run = journey.wait_for_end()
    journal = journey.journal()
    assert [seq for seq, _, _ in journal] == list(range(1, total + 1))
    assert journal == undisturbed
    attempts = journey.attempts()
    print(f"\n{service}: {len(attempts)} attempts, {run['counters']['lost_tokens']} tokens lost")
    if service == "Worker":
        assert [outcome for outcome, _, _ in attempts] == ["lost"] * POINTS + ["completed"]
        assert all(last >= first for _, first, last in attempts), "every attempt wrote something"
    else:
        assert attempts[-1][0] == "completed"
