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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("service", ["Worker", "Redis", "PostgreSQL"])
def test_killed_at_five_points_the_journal_is_that_of_an_undisturbed_run(
    service: str, crashing_stack: Stack, undisturbed: list[tuple[int, str, Any]]
) -> None:
    total = len(undisturbed)
    rng = random.Random(f"kill {service}")
    # A poll sees the head a little late: 0.72 keeps the kill below 80 %.
    for point in sorted(rng.uniform(0.2, 0.72) for _ in range(POINTS)):
        journey = Journey.begin(crashing_stack)
        before = journey.wait_for_head(round(point * total))
        old = crashing_stack.kill(service)
        killed = time.monotonic()
        if service == "Worker":
            before = journey.head()  # it may have written since the poll; now it writes no more
        assert 0.2 * total <= before <= 0.8 * total, f"killed at {before} of {total} events"
        wait_until(lambda: journey.effects_after(before), PATIENCE, f"effects after event {before}")  # noqa: B023
        recovery = seconds_since(killed)
        crashing_stack.wait_for_new(service, old)
        run = journey.wait_for_end()
        attempts = journey.attempts()
        print(
            f"\n{service} killed at {before} of {total} events ({before / total:.0%}): effects again after "
            f"{recovery} s, {len(attempts)} attempts, {run['counters']['lost_tokens']} tokens lost",
            end="",
        )
        journal = journey.journal()
        assert [seq for seq, _, _ in journal] == list(range(1, total + 1))
        assert journal == undisturbed
        # What a worker's death interrupts another attempt finishes; servers come back to the attempt that waits.
        outcomes = [outcome for outcome, _, _ in attempts]
        assert outcomes == (["lost", "completed"] if service == "Worker" else ["completed"])
