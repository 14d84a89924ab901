"""The recorder before a server that stalls, breaks and comes back: the loop never waits, nothing is lost or doubled."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from search.client import Recorder, RecorderError


class Server(BaseHTTPRequestHandler):
    """Speaks as the API does; `moods` are what it does with the next batches: stall, break, fail, refuse."""

    protocol_version = "HTTP/1.1"
    moods: ClassVar[list[str]] = []
    landed: ClassVar[list[dict[str, Any]]] = []
    head: ClassVar[int] = 1
    awake: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer secret"
        if self.path == "/api/v1/sessions":
            return self._answer(201, {"id": "s"})
        if self.path == "/api/v1/sessions/s/recordings":
            assert body["problem"] == {"text": "3 5 7 11 -> 24", "answer": None}
            return self._answer(201, {"run": {"id": "r"}, "lease": "l", "head": 1})
        assert self.path == "/api/v1/runs/r/operations"
        mood = Server.moods.pop(0) if Server.moods and body["operations"] else ""
        if mood == "stall":
            Server.awake.wait(30)
        if mood == "fail":
            return self._answer(503, {})
        if mood == "refuse":
            return self._answer(422, {"detail": "operations.0.parent: there is no node 9"})
        if body["after"] == Server.head:  # else it landed before
            Server.landed += body["operations"]
            Server.head += len(body["operations"])
        if mood == "break":
            self.close_connection = True
            return None
        return self._answer(200, {"head": Server.head, "nodes": 1})

    def _answer(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Server.moods, Server.landed, Server.head, Server.awake = [], [], 1, threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Server.awake.set()
    server.shutdown()
    server.server_close()


def recorder(url: str, **more: Any) -> Recorder:
    return Recorder(url, "secret", problem="3 5 7 11 -> 24", **more)


def test_operations_arrive_in_order_and_once(url: str) -> None:
    """An answer that is lost on the way, an error, and a connection that breaks: each batch counts once."""
    Server.moods = ["break", "fail", "break", ""]
    with recorder(url) as tree:
        nodes = [tree.root]
        for number in range(1200):
            nodes.append(tree.add(nodes[number // 2], f"step {number}", rewards={"prm": number / 1200}))
        tree.prune(nodes[7], rule="beam", score=0.1, cutoff=0.5)
        tree.keep([(8, 0.9), (9, 0.8)], rule="beam", of=3)
        tree.back_up(5, 0.5)
        tree.finish(8, answer="24", correct=True)
    assert nodes == list(range(1201))
    assert [op["node"] for op in Server.landed[:1200]] == nodes[1:]
    assert [op["parent"] for op in Server.landed[:1200]] == [number // 2 for number in range(1200)]
    assert Server.landed[1200:] == [
        {"op": "prune", "nodes": [[7, 0.1]], "rule": "beam", "cutoff": 0.5, "of": None},
        {"op": "keep", "nodes": [[8, 0.9], [9, 0.8]], "rule": "beam", "cutoff": None, "of": 3},
        {"op": "back_up", "node": 5, "value": 0.5},
        {"op": "finish", "node": 8, "answer": "24", "correct": True},
    ]


def test_the_loop_does_not_wait_for_a_server_that_stalls(url: str) -> None:
    """All calls return while the server holds the first batch's answer back; then everything arrives."""
    Server.moods = ["stall"]
    with recorder(url) as tree:
        for number in range(5000):
            tree.add(0, str(number))
        assert len(Server.landed) == 0
        Server.awake.set()
    assert len(Server.landed) == 5001


def test_a_full_queue_ends_the_recording_and_not_the_loop(url: str) -> None:
    Server.moods = ["stall"]
    tree = recorder(url, queue=100).__enter__()
    for number in range(300):
        tree.add(0, str(number))
    assert "100 operations" in (tree.trouble or "")
    Server.awake.set()
    with pytest.raises(RecorderError, match="100 operations"):
        tree.__exit__(None, None, None)
    assert [op["op"] for op in Server.landed] == ["add"] * 100 + ["finish"]
    assert "100 operations" in Server.landed[-1]["error"]


def test_an_error_of_the_loop_makes_the_run_a_failed_one(url: str) -> None:
    with pytest.raises(ZeroDivisionError), recorder(url) as tree:
        tree.add(0, str(1 // 0))
    (operation,) = Server.landed
    assert operation["op"] == "finish"
    assert operation["error"].startswith("ZeroDivisionError: ")


def test_a_refusal_is_told(url: str) -> None:
    Server.moods = ["refuse"]
    tree = recorder(url).__enter__()
    tree.add(9, "nowhere")
    with pytest.raises(RecorderError, match="there is no node 9"):
        tree.__exit__(None, None, None)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(RecorderError, match="was away"):
        recorder("http://127.0.0.1:9", patience=0.1).__enter__()
    with pytest.raises(ValueError, match="no address"):
        recorder("127.0.0.1:8000")
