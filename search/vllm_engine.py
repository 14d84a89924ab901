"""vLLM in this process: its AsyncLLM on an event loop of its own, started, revived and stopped.

vLLM lives in an environment of its own (requirements-vllm.txt); nothing here imports it before an engine starts.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from search.batching import URGENT

Result = TypeVar("Result")


class VllmEngine:
    """One model in vLLM. What asks it runs on the engine's loop, which is a thread's (see `ask`)."""

    def __init__(
        self,
        slug: str,
        folder: Path,
        failure: type[Exception],
        arguments: dict[str, Any],
        pooler: dict[str, Any] | None = None,
    ) -> None:
        """Start vLLM; takes most of a minute, so never call it on an event loop.

        Args:
            slug: the model's name, for messages and for the names of requests.
            folder: `config.json`, weights and tokenizer in Hugging Face's format.
            failure: what is raised where vLLM fails (PolicyError, RewardError).
            arguments: vLLM's own engine arguments (`dtype`, `max_model_len`, `gpu_memory_utilization`, …).
            pooler: how vectors are pooled, for a model that is not to generate (vLLM's PoolerConfig).

        Raises:
            failure: vLLM is not installed, an argument is none of its own, or it cannot serve the folder.
        """
        self._slug = slug
        self._failure = failure
        self._ids = count()
        ours = {"enable_prefix_caching": True, "scheduling_policy": "priority"}
        self._arguments = {**ours, **arguments, "model": str(folder)}
        self._pooler = pooler
        self._priorities = self._arguments["scheduling_policy"] == "priority"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"vllm {slug}", daemon=True)
        self._thread.start()
        self._starting = asyncio.Lock()
        self._engine: Any = None
        try:
            self.config: Any = asyncio.run_coroutine_threadsafe(self.alive(), self._loop).result().model_config
        except failure:
            self._loop.call_soon_threadsafe(self._loop.stop)
            raise

    @property
    def versions(self) -> dict[str, str]:
        """What a run's header keeps of the libraries behind it."""
        import vllm

        return {"vllm": vllm.__version__}

    @property
    def unfinished(self) -> int:
        """Requests that the engine still works on."""
        requests: int = self._engine.get_num_unfinished_requests()
        return requests

    def priority(self) -> int:
        """The calling context's place in vLLM's queue, lower ones first: 0 where a person waits, else 1."""
        return int(self._priorities and not URGENT.get())

    def name(self) -> str:
        """A name for the next request."""
        return f"{self._slug}-{next(self._ids)}"

    async def ask(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work` on the engine's loop and wait for it on the caller's; a cancelled caller cancels it there."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def alive(self) -> Any:
        """On the engine's loop: the AsyncLLM; a new one where there is none yet or the last one died."""
        async with self._starting:
            if self._engine is not None and self._engine.errored:
                self._engine.shutdown()
                self._engine = None
            if self._engine is None:
                self._engine = self._start()
            return self._engine

    def _start(self) -> Any:
        try:
            from vllm.config import PoolerConfig
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise self._failure(
                f"{self._slug}: vLLM cannot be imported here ({error}). Install requirements-vllm.txt into the"
                " worker's environment, or serve the model elsewhere and name it as a server."
            ) from error
        try:
            pooled = {} if self._pooler is None else {"pooler_config": PoolerConfig(**self._pooler)}
            return AsyncLLM.from_engine_args(AsyncEngineArgs(**self._arguments, **pooled))
        except Exception as error:  # whatever vLLM finds wrong with a folder or an argument
            raise self._failure(f"{self._slug}: vLLM does not start: {error}") from error

    def failed(self, error: Exception) -> Exception:
        """What a request's error is told as."""
        return self._failure(
            f"{self._slug}: vLLM failed: {error or type(error).__name__}. Its own log, before this, says why."
        )

    def close(self) -> None:
        """Stop vLLM and its process."""
        self._loop.call_soon_threadsafe(self._engine.shutdown)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=60)
