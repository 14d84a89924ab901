"""Trials through a real worker."""

from __future__ import annotations

from typing import Any

from tests.support.stack import Stack, wait_until


def tried(stack: Stack, model: str, **asked: Any) -> dict[str, Any]:
    status, trial = stack.request("POST", f"/models/{model}/trials", {"problem": "3 5 7 11 -> 24"} | asked)
    assert status == 201, trial

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.request("GET", f"/trials/{trial['id']}")[1]
        return found if found["state"] in ("completed", "failed") else None

    answer: dict[str, Any] = wait_until(over, 60, "the trial's end")
    return answer


def test_a_worker_loads_the_model_and_asks_it(stack: Stack) -> None:
    trial = tried(stack, "policy/embedded")
    assert trial["state"] == "completed", trial
    assert trial["result"]["input"] == "3 5 7 11 -> 24\n"
    assert len(trial["result"]["samples"]) == 3
    scored = tried(stack, "reward/embedded", steps=["11 - 5 = 6 (left: 3 6 7)"])
    assert len(scored["result"]["scores"]) == 1


def test_a_model_that_fails_says_why(stack: Stack) -> None:
    trial = tried(stack, "reward/rollout_value", steps=["11 - 5 = 6 (left: 3 6 7)"])
    assert trial["state"] == "failed"
    assert "its values come from rollouts inside a run" in trial["error"]
