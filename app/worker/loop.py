"""The worker's one event loop, on a thread of its own: all searches of this process are coroutines on it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from search.collector import collect_seldom

T = TypeVar("T")


class LoopThread:
    """Starts with the first coroutine and lives as long as the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; starts the thread when there is none yet."""
        with self._lock:
            if self._loop is None:
                collect_seldom()
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="searches", daemon=True).start()
            return self._loop

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)


searches = LoopThread()
