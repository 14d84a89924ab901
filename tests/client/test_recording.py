"""A program's own search on a real stack: the tree, its decisions, the websocket, and who may write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.sync.client import connect

from search.client import Recorder, RecorderError
from tests.support.stack import Stack, wait_until


def got(stack: Stack, path: str) -> Any:
    status, body = stack.request("GET", path)
    assert status == 200, body
    return body


def record(stack: Stack, **more: Any) -> Recorder:
    return Recorder(stack.url, stack.token, problem="3 5 7 11 -> 24", answer="24", program="my beam", **more)


def test_a_recorded_tree_is_a_run_like_any_other(stack: Stack) -> None:
    with record(stack, reward="prm") as tree:
        path = f"/runs/{tree.run}"
        assert got(stack, path)["state"] == "running"
        socket_url = f"{stack.url.replace('http', 'ws')}/ws/runs/{tree.run}/?after=0"
        with connect(socket_url, additional_headers={"Authorization": f"Bearer {stack.token}"}) as socket:
            assert json.loads(socket.recv(10))["type"] == "hello"
            first = tree.add(tree.root, "11 - 5 = 6 (left: 3 6 7)", rewards={"prm": 0.8, "length": 3})
            other = tree.add(tree.root, "3 + 5 = 8 (left: 7 8 11)", rewards={"prm": 0.25})
            tree.keep(first, rule="beam", score=0.8, cutoff=0.5, of=2)
            tree.prune(other, rule="beam", score=0.25, cutoff=0.5, of=2)
            leaf = tree.add(first, "7 + 3 * 6 = 25", ended=True, answer="7 + 3 * 6", correct=False)
            tree.back_up(leaf, 0.5)
            seen: list[str] = []
            while "backed_up" not in seen:
                message = json.loads(socket.recv(10))
                seen += [event["kind"] for event in message.get("events", [])]
        tree.finish(leaf)
    assert seen[:2] == ["node_added", "node_added"]
    run = got(stack, path)
    assert (run["state"], run["answer"], run["correct"], run["chosen"]) == ("completed", "7 + 3 * 6", False, [0, 1, 3])
    assert (run["algorithm"], run["params"], run["counters"]["nodes"]) == ("recorded", {"program": "my beam"}, 4)
    nodes = got(stack, f"{path}/nodes")["items"]
    assert [(n["parents"], n["depth"], n["status"], n["reward"]) for n in nodes] == [
        ([], 0, "expanded", None), ([0], 1, "expanded", 0.8), ([0], 1, "pruned", 0.25), ([1], 2, "selected", None),
    ]  # fmt: skip
    assert nodes[1]["rewards"] == {"prm": 0.8, "length": 3}
    decision = nodes[2]["decision"]
    assert (decision["rule"], decision["score"], decision["cutoff"], decision["rank"]) == ("beam", 0.25, 0.5, 2)
    assert [(n["value"], n["visits"]) for n in nodes] == [(0.5, 1), (0.5, 1), (None, 0), (0.5, 1)]
    events = got(stack, f"{path}/events?limit=500")["items"]
    assert [event["seq"] for event in events] == list(range(1, run["head_seq"] + 1))
    assert stack.request("POST", f"{path}/nodes/1/expand", {})[0] == 409
    assert got(stack, f"{path}/charts")["charts"]


def test_a_batch_that_is_sent_again_counts_once(stack: Stack) -> None:
    session = stack.request("POST", "/sessions", {"title": "twice"})[1]["id"]
    status, made = stack.request("POST", f"/sessions/{session}/recordings", {"problem": {"text": "p"}})
    assert status == 201
    path = f"/runs/{made['run']['id']}"
    add = {"op": "add", "node": 1, "parent": 0, "text": "a", "rewards": {"r": 1}}
    batch = {"lease": made["lease"], "after": made["head"], "operations": [add]}
    first = stack.request("POST", f"{path}/operations", batch)
    assert first == (200, {"head": 3, "nodes": 2})
    assert stack.request("POST", f"{path}/operations", batch) == first
    bad = batch | {"after": 3, "operations": [{**add, "node": 2}, {**add, "node": 3, "parent": 7}]}
    status, refused = stack.request("POST", f"{path}/operations", bad)
    assert (status, refused["errors"][0]["field"]) == (422, "operations.1.parent")
    assert got(stack, path)["counters"]["nodes"] == 2
    stranger = batch | {"after": 3, "lease": "123e4567-e89b-12d3-a456-426614174000"}
    assert stack.request("POST", f"{path}/operations", stranger)[0] == 409
    end = batch | {"after": 3, "operations": [{"op": "finish", "error": "no more money"}]}
    assert stack.request("POST", f"{path}/operations", end)[0] == 200
    assert stack.request("POST", f"{path}/operations", end)[0] == 200
    run = got(stack, path)
    assert (run["state"], run["stopped_by"]) == ("failed", "error")
    assert "no more money" in run["error"]
    assert stack.request("POST", f"{path}/operations", batch | {"after": 3})[0] == 409


def test_a_program_that_is_gone_is_given_up(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease runs out (here: is made to), a worker takes the run, says so and keeps the tree."""
    monkeypatch.setattr("search.client.recorder.HEARTBEAT_SECONDS", 600.0)  # it says nothing any more
    import psycopg

    from app.embedded.home import Home
    from app.embedded.postgres import Postgres

    tree = record(stack).__enter__()
    tree.add(0, "a step")
    path = f"/runs/{tree.run}"
    wait_until(lambda: got(stack, path)["counters"]["nodes"] == 2, 20, "the step did not arrive")
    with psycopg.connect(Postgres(Home(stack.home)).url, autocommit=True) as connection:
        connection.execute("UPDATE explorer_run SET lease_until = now() - interval '1 hour' WHERE id = %s", (tree.run,))
    run = wait_until(lambda: (found := got(stack, path))["state"] == "failed" and found, 60, "nobody gave it up")
    assert "nothing was heard" in run["error"]
    assert run["counters"]["nodes"] == 2
    tree.add(0, "too late")
    with pytest.raises(RecorderError, match="does not go on"):
        tree.__exit__(None, None, None)
