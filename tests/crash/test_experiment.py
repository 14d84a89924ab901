"""An experiment whose worker is killed, first while it makes the runs and then while it works on them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.crash.runs import ok
from tests.support.stack import Stack, wait_until

pytestmark = [pytest.mark.crash, pytest.mark.slow]

PLAN = {
    "title": "Killed twice",
    "sets": [{"name": "countdown 4", "domain": "countdown", "size": 4, "problems": 20}],
    "strategies": [{"name": "greedy", "algorithm": "greedy"}, {"name": "beam", "algorithm": "beam"}],
    "budgets": [{"tokens": 400}],
}
TOTAL = 40


@pytest.mark.timeout(300)
def test_nothing_is_run_twice_and_nothing_is_lost(crashing_stack: Stack) -> None:
    stack = crashing_stack
    made = ok(stack.request("POST", "/experiments", PLAN))
    path = f"/experiments/{made['id']}"

    def look() -> dict[str, Any]:
        found: dict[str, Any] = ok(stack.request("GET", path))
        return found

    wait_until(lambda: sum(look()["states"].values()) >= 5, 60, "the first five runs")
    stack.wait_for_new("Worker", stack.kill("Worker"))
    wait_until(lambda: look()["states"].get("completed", 0) >= 10, 60, "ten finished runs")
    stack.wait_for_new("Worker", stack.kill("Worker"))
    wait_until(lambda: look()["shown"] == TOTAL, 120, "the results of all runs")
    states = look()["states"]
    assert (states, look()["state"]) == ({"completed": TOTAL}, "completed")
    cells = ok(stack.request("GET", f"{path}/runs?limit=100"))["items"]
    assert [cell["number"] for cell in cells] == list(range(TOTAL))
    assert len({cell["run"] for cell in cells}) == TOTAL
    assert Counter(cell["strategy"] for cell in cells) == {"greedy": 20, "beam": 20}
    # The session has no run beside those of the plan.
    assert ok(stack.request("GET", f"/sessions/{made['session']}"))["runs"] == TOTAL
