"""A reward model's layers in vLLM, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from search.rewards.base import RewardError
from search.rewards.pooling import Pooling
from search.rewards.reading import check_length
from search.vllm_engine import VllmEngine


class VllmPooler:
    """See `Pooler`; people's paths come into vLLM's batches before those of experiments."""

    def __init__(self, slug: str, folder: Path, pooling: Pooling, arguments: dict[str, Any]) -> None:
        """Start vLLM (see `VllmEngine`); `arguments` are vLLM's own, before ours.

        Raises:
            RewardError: it does not start.
        """
        self._slug = slug
        self._task = pooling.task
        self.engine = VllmEngine(slug, folder, RewardError, {**pooling.arguments, **arguments}, pooling.pooler)

    async def vectors(self, paths: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """See `Pooler`. Whoever does not wait any more has its paths aborted in vLLM."""
        for path in paths:
            check_length(self._slug, len(path), self.engine.config.max_model_len)
        return await self.engine.ask(self._all(paths, self.engine.priority()))

    async def _all(self, paths: Sequence[tuple[int, ...]], priority: int) -> list[Tensor]:
        engine = await self.engine.alive()
        work = [asyncio.ensure_future(self._one(engine, path, priority)) for path in paths]
        try:
            return await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()

    async def _one(self, engine: Any, path: tuple[int, ...], priority: int) -> Tensor:
        from vllm import PoolingParams

        # From kept prefixes vLLM has no vectors: with them only those of the path's end would come.
        parameters = PoolingParams(task=self._task, use_activation=False, skip_reading_prefix_cache=True)
        asked = engine.encode({"prompt_token_ids": list(path)}, parameters, self.engine.name(), priority=priority)
        try:
            async for output in asked:
                if output.finished:
                    vectors: Tensor = output.outputs.data
                    return vectors.float()
        except Exception as error:
            raise self.engine.failed(error) from error
        raise RewardError(f"{self._slug}: vLLM ended a request without a word.")

    def describe(self) -> dict[str, Any]:
        """See `Pooler`."""
        dtype = str(self.engine.config.dtype).removeprefix("torch.")
        return {"engine": "vllm", "dtype": dtype, "versions": self.engine.versions}

    def close(self) -> None:
        """Stop vLLM and its process."""
        self.engine.close()
