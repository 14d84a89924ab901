"""The engine thread: one per model, where the requests of all running searches meet.

Searches are coroutines on an event loop; a model computes on a thread of its own. `EngineThread.submit` hands a call
over and waits without blocking the loop; the thread gives each call to the model's `Engine`, first come first served,
and calls `advance` as long as the engine has work. What shares a batch is up to the engine; that it may not change
anybody's result is the engine's promise.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from search.occupancy import Occupancy

URGENT: ContextVar[bool] = ContextVar("urgent", default=True)
"""Whether a person waits for what is asked of a model in this context. Where not all fit into a batch, the calls that
nobody waits for come in last; set it where a task of such work begins."""

Request = TypeVar("Request")
Result = TypeVar("Result")


class Aborts(Protocol):
    """What may be aborted of a call: all of it, or the requests at some positions. Set from any thread."""

    requested: bool
    withdrawn: set[int]


class Call(Generic[Request, Result]):
    """One call under way: its requests, the results so far, and how they go back to the caller's loop."""

    def __init__(self, requests: Sequence[Request], cancellation: Aborts | None = None) -> None:
        """Made on the caller's event loop; `cancellation` is looked at by the engine before every token."""
        loop = asyncio.get_running_loop()
        self.requests = requests
        self.urgent = URGENT.get()
        self.done = False
        self._cancellation = cancellation
        self._left = False
        self._results: list[Result | None] = [None] * len(requests)
        self._missing = len(requests)
        self._loop = loop
        self.future: asyncio.Future[list[Result]] = loop.create_future()

    @property
    def aborted(self) -> bool:
        """True once the caller asked for an abort, or does not wait any more."""
        return self._left or (self._cancellation is not None and self._cancellation.requested)

    @property
    def withdrawn(self) -> Collection[int]:
        """Positions of the requests that are not wanted any more, while the rest of the call is."""
        return () if self._cancellation is None else self._cancellation.withdrawn

    def leave(self) -> None:
        """The caller's task was cancelled: nobody waits for the results."""
        self._left = True

    def resolve(self, position: int, result: Result) -> None:
        """Engine thread: one request is done; after the last one the caller wakes."""
        if self.done:
            return
        self._results[position] = result
        self._missing -= 1
        if not self._missing:
            self._finish(self._results, None)

    def fail(self, error: BaseException) -> None:
        """Engine thread: the call as a whole failed."""
        if not self.done:
            self._finish(None, error)

    def _finish(self, results: list[Result | None] | None, error: BaseException | None) -> None:
        self.done = True
        try:
            self._loop.call_soon_threadsafe(_settle, self.future, results, error)
        except RuntimeError:  # the caller's loop is closed: nobody waits any more
            return


class Engine(Protocol[Request, Result]):
    """What runs on the engine thread: a model that works on many calls at once."""

    occupancy: Occupancy

    def start(self) -> None:
        """First thing on the thread (number of threads, allocations)."""

    def admit(self, call: Call[Request, Result]) -> None:
        """Take a call in. May raise: then only this call fails."""

    def advance(self) -> bool:
        """Compute one batch; False if there was nothing to do. May raise: then every call under way fails."""

    def drop_everything(self) -> None:
        """Forget all work under way, after an error: the next call finds a clean engine."""


@dataclass
class _Inbox(Generic[Request, Result]):
    waiting: deque[Call[Request, Result]] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False


class EngineThread(Generic[Request, Result]):
    """Runs an `Engine` on a thread of its own, started by the first call."""

    def __init__(self, name: str, engine: Engine[Request, Result], failure: type[Exception]) -> None:
        """`failure` is what a caller gets when the engine breaks (PolicyError, RewardError)."""
        self.name = name
        self.engine = engine
        self._failure = failure
        self._inbox: _Inbox[Request, Result] = _Inbox()
        self._under_way: list[Call[Request, Result]] = []
        self._thread: threading.Thread | None = None

    async def submit(self, call: Call[Request, Result]) -> list[Result]:
        """Results in the order of the requests. A cancelled task aborts its call in the engine."""
        self.engine.occupancy.calls += 1
        self.engine.occupancy.requests += len(call.requests)
        with self._inbox.changed:
            if self._inbox.closed:
                raise self._failure(f"The engine of {self.name} is closed.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"engine {self.name}", daemon=True)
                self._thread.start()
            self._inbox.waiting.append(call)
            self._inbox.changed.notify()
        try:
            return await call.future
        except asyncio.CancelledError:
            call.leave()
            raise

    def close(self) -> None:
        """Stop the thread after the batch it computes; calls still under way fail."""
        with self._inbox.changed:
            self._inbox.closed = True
            self._inbox.changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        idle = True
        try:
            self.engine.start()
            while self._take_in(wait=idle):
                idle = not self._advance()
            reason: Exception = self._failure(f"The engine of {self.name} was closed.")
        except Exception as error:
            reason = self._failure(f"The engine of {self.name} stopped: {error}")
            reason.__cause__ = error
        with self._inbox.changed:
            self._inbox.closed = True
            self._under_way += self._inbox.waiting
        self._fail_all(reason)

    def _take_in(self, wait: bool) -> bool:
        """Admit what has come, in order of arrival; False once the engine is closed."""
        with self._inbox.changed:
            while wait and not self._inbox.waiting and not self._inbox.closed:
                self._inbox.changed.wait()
            if self._inbox.closed:
                return False
            arrived = list(self._inbox.waiting)
            self._inbox.waiting.clear()
        for call in arrived:
            try:
                self.engine.admit(call)
                self._under_way.append(call)
            except Exception as error:
                call.fail(self._named(error))
        return True

    def _advance(self) -> bool:
        try:
            worked = self.engine.advance()
        except Exception as error:
            self.engine.drop_everything()
            self._fail_all(self._named(error))
            return True
        if self._under_way:
            self._under_way = [call for call in self._under_way if not call.done]
        return worked

    def _named(self, error: Exception) -> Exception:
        if isinstance(error, self._failure):
            return error
        named = self._failure(f"The engine of {self.name} failed: {error}")
        named.__cause__ = error
        return named

    def _fail_all(self, error: BaseException) -> None:
        for call in self._under_way:
            call.fail(error)
        self._under_way = []


def _settle(
    future: asyncio.Future[list[Result]], results: list[Result | None] | None, error: BaseException | None
) -> None:
    if future.done():  # the waiting task was cancelled meanwhile
        return
    if error is not None:
        future.set_exception(error)
    else:
        assert results is not None
        future.set_result([result for result in results if result is not None])
