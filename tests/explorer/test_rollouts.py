"""Rollouts of a node outside its run: asked for, refused, and through a real worker."""

from __future__ import annotations

from typing import Any

from tests.explorer.world import World
from tests.support.stack import Stack, wait_until


def test_they_wait_for_a_worker_and_leave_the_run_alone(world: World) -> None:
    node = world.node(status="pruned")
    path = f"/runs/{world.run.pk}/nodes/{node}/rollouts"
    head = world.run.head_seq
    made = world.owner.send("POST", path, {"k": 3})
    assert made.status_code == 201
    assert (made.json()["state"], made.json()["k"]) == ("queued", 3)
    assert world.owner.get_json(path)["items"] == [made.json()]
    world.run.refresh_from_db()
    assert world.run.head_seq == head


def test_what_cannot_be_rolled_out(world: World) -> None:
    last = world.run.chosen[-1]
    answer = world.owner.send("POST", f"/runs/{world.run.pk}/nodes/{last}/rollouts")
    assert (answer.status_code, answer.json()["detail"]) == (
        409, f"Node {last} ends there (end): take a step before it."
    )  # fmt: skip
    assert world.owner.send("POST", f"/runs/{world.run.pk}/nodes/9999/rollouts").status_code == 404
    assert world.owner.send("POST", f"/runs/{world.run.pk}/nodes/1/rollouts", {"k": 0}).status_code == 422


def test_a_worker_completes_a_node_outside_the_runs_budget(stack: Stack) -> None:
    _, session = stack.request("POST", "/sessions", {"title": "Rollouts"})
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "greedy", "seed": 1}
    _, run = stack.request("POST", f"/sessions/{session['id']}/runs", body)

    def finished() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.request("GET", f"/runs/{run['id']}")[1]
        return found if found["state"] == "completed" else None

    before = wait_until(finished, 60, "the run's end")
    path = f"/runs/{run['id']}/nodes/0/rollouts"
    assert stack.request("POST", path, {"k": 5})[0] == 201

    def over() -> dict[str, Any] | None:
        [one] = stack.request("GET", path)[1]["items"]
        return one if one["state"] in ("completed", "failed") else None

    result = wait_until(over, 60, "the rollouts' end")["result"]
    assert len(result["completions"]) == 5
    assert result["right"] == sum(completion["correct"] is True for completion in result["completions"])
    assert result["share"] == result["right"] / 5
    assert stack.request("GET", f"/runs/{run['id']}")[1]["counters"] == before["counters"]
