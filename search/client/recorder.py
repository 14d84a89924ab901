"""The recorder: what a loop says of its tree is numbered at once and sent by a thread beside it.

    with Recorder(url, token, problem="3 5 7 11 -> 24") as tree:
        child = tree.add(tree.root, "11 - 5 = 6 (left: 3 6 7)", rewards={"prm": 0.8})
        tree.prune(child, rule="beam", score=0.8, cutoff=0.9)

A call puts an operation into a queue and returns: it never waits for the network. Operations arrive in order, in
batches, and each once, whatever is sent again. When the server is away for longer than `patience`, or the loop is that
far ahead that the queue is full, the recording ends and the loop goes on; `Recorder.trouble` then says why.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from search.client.sender import Away, Refused, Sender

log = logging.getLogger(__name__)
QUEUE = 100_000
BATCH = 500
MERGE_SECONDS = 0.05
HEARTBEAT_SECONDS = 10.0
PATIENCE_SECONDS = 100.0


class RecorderError(RuntimeError):
    """The recording is not complete; the message says why."""


class Recorder:
    """A search's tree as a live run. Use as a context manager; its methods may be called from any thread.

    `session` is the id of a session of yours; without one a new session named `title` is made. `reward` names the
    score that drives the search, where there are several. `queue` bounds the operations that wait (memory), `patience`
    (seconds) how long an unreachable server is asked again.
    """

    root = 0

    def __init__(
        self,
        url: str,
        token: str,
        *,
        problem: str,
        answer: str | None = None,
        session: str | None = None,
        title: str = "Recorded",
        program: str = "a program",
        reward: str | None = None,
        queue: int = QUEUE,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._sender = Sender(url, token, patience)
        self._problem = {"text": problem, "answer": answer}
        self._session, self._title = session, title
        self._program, self._reward = program, reward
        self._most = queue
        self._waiting: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()  # among callers; the sending thread never takes it
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._send_on, name="espalier recorder", daemon=True)
        self._nodes = 1
        self._finish: dict[str, Any] | None = None
        self._said_all = False
        self.run: str | None = None
        self.trouble: str | None = None

    def __enter__(self) -> Self:
        """Start the run. Waits for the server.

        Raises:
            RecorderError: it cannot be reached or does not want the recording.
        """
        try:
            if self._session is None:
                self._session = str(self._sender.call("/sessions", {"title": self._title})["id"])
            wanted = {"problem": self._problem, "program": self._program, "reward": self._reward}
            started = self._sender.call(f"/sessions/{self._session}/recordings", wanted)
        except (Away, Refused) as error:
            raise RecorderError(str(error)) from error
        self.run, self._lease, self._head = str(started["run"]["id"]), started["lease"], int(started["head"])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what waits, and the end. An error of the loop's own makes the run a failed one and goes on its way.

        Raises:
            RecorderError: something did not arrive.
        """
        if error is not None:
            self._finish = {"op": "finish", "error": f"{type(error).__name__}: {error}"[:2000]}
        self._put(self._finish or {"op": "finish"}, last=True)
        self._closing.set()
        self._thread.join()
        if self.trouble is not None and error is None:
            raise RecorderError(self.trouble)

    @property
    def url(self) -> str:
        """Where the run is watched."""
        return f"{self._sender.site}/runs/{self.run}"

    def add(
        self,
        parent: int,
        text: str,
        *,
        rewards: Mapping[str, float] | None = None,
        kind: str = "step",
        ended: bool = False,
        tokens: int = 0,
        answer: str | None = None,
        correct: bool | None = None,
    ) -> int:
        """A new node below `parent`; its number. `ended`: the solution is finished here."""
        operation = {
            "op": "add", "parent": parent, "text": text, "rewards": dict(rewards or {}), "kind": kind, "ended": ended,
            "tokens": tokens, "answer": answer, "correct": correct,
        }  # fmt: skip
        with self._lock:
            operation["node"] = number = self._nodes
            self._nodes += 1
            self._append(operation)
        return number

    def score(self, node: int, **rewards: float) -> None:
        """What one or more rewards say of the node."""
        self._put({"op": "score", "node": node, "rewards": rewards})

    def prune(
        self,
        nodes: int | Iterable[tuple[int, float | None]],
        *,
        rule: str,
        score: float | None = None,
        cutoff: float | None = None,
        of: int | None = None,
    ) -> None:
        """Cut a node with its `score`, or several as (node, score), the best first. `of`: how many were compared."""
        self._decide("prune", nodes, rule, score, cutoff, of)

    def keep(
        self,
        nodes: int | Iterable[tuple[int, float | None]],
        *,
        rule: str,
        score: float | None = None,
        cutoff: float | None = None,
        of: int | None = None,
    ) -> None:
        """What a decision kept; like `prune`."""
        self._decide("keep", nodes, rule, score, cutoff, of)

    def back_up(self, node: int, value: float) -> None:
        """A value that counts for the node and all above it: visits grow by one, values are means."""
        self._put({"op": "back_up", "node": node, "value": value})

    def finish(self, node: int | None = None, *, answer: str | None = None, correct: bool | None = None) -> None:
        """What the search answers with; told when the recorder is left."""
        self._finish = {"op": "finish", "node": node, "answer": answer, "correct": correct}

    def _decide(
        self,
        op: str,
        nodes: int | Iterable[tuple[int, float | None]],
        rule: str,
        score: float | None,
        cutoff: float | None,
        of: int | None,
    ) -> None:
        pairs = [[nodes, score]] if isinstance(nodes, int) else [list(pair) for pair in nodes]
        self._put({"op": op, "nodes": pairs, "rule": rule, "cutoff": cutoff, "of": of})

    def _put(self, operation: dict[str, Any], *, last: bool = False) -> None:
        with self._lock:
            self._append(operation, last=last)

    def _append(self, operation: dict[str, Any], *, last: bool = False) -> None:
        if self.trouble is not None and not last:
            return
        if len(self._waiting) >= self._most and not last:
            self._give_up(f"more than {self._most} operations waited for the server; the rest is not recorded")
            return
        self._waiting.append(operation)

    def _give_up(self, why: str) -> None:
        if self.trouble is None:
            self.trouble = why
            log.warning("recording ends: %s", why)

    def _send_on(self) -> None:
        """The thread: what waits, in order; a word now and then while nothing does.

        It looks every `MERGE_SECONDS` instead of being woken: what a call had to wake, or a lock it had to share, could
        hand the interpreter to this thread in the middle of the call, and Python gives it back 5 ms later.
        """
        said = time.monotonic()
        while not self._said_all:
            self._closing.wait(MERGE_SECONDS)  # what comes within this time shares a batch
            if not self._waiting and time.monotonic() - said < HEARTBEAT_SECONDS:
                continue
            try:
                while self._send_some():
                    pass
            except (Away, Refused) as error:
                self._give_up(str(error))
                return
            said = time.monotonic()

    def _send_some(self) -> bool:
        """One batch, an empty one too: it renews the lease. Whether more waits."""
        # Callers append at the other end meanwhile; what is read here only this thread takes away.
        batch = [self._waiting[at] for at in range(min(BATCH, len(self._waiting)))]
        if batch and batch[-1]["op"] == "finish" and self.trouble is not None:
            batch[-1] = {"op": "finish", "error": self.trouble}
        body = {"lease": self._lease, "after": self._head, "operations": batch}
        self._head = int(self._sender.call(f"/runs/{self.run}/operations", body)["head"])
        self._said_all = bool(batch) and batch[-1]["op"] == "finish"
        for _ in batch:
            self._waiting.popleft()
        return bool(self._waiting)
