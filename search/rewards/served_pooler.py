"""A reward model's layers behind vLLM's server: its `/pooling`, asked with token ids."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from search.batching import URGENT
from search.policies.base import PolicyError
from search.policies.model_server import ModelServer, Nonsense
from search.rewards.base import RewardError
from search.rewards.pooling import Pooling

PATHS_PER_REQUEST = 32
NUMBERS_PER_REQUEST = 4_000_000
"""Of states with thousands of numbers a token fewer paths fit into an answer: this is 21 MB."""
LARGEST_ANSWER = 512 * 2**20
"""Bytes: a long path is an answer of its own."""


class ServedPooler:
    """See `Pooler`."""

    def __init__(self, server: ModelServer, model: str, pooling: Pooling, priority: bool) -> None:
        """`model` is its name there; `priority`: the server is told who waits. Nothing is asked yet."""
        self._server = server
        self._model = model
        self._pooling = pooling
        self._priority = priority

    async def vectors(self, paths: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """See `Pooler`. Whoever does not wait any more hangs up, and the server aborts."""
        parts: list[list[tuple[int, ...]]] = [[]]
        for path in paths:
            numbers = sum(map(len, [*parts[-1], path])) * self._pooling.width
            if parts[-1] and (len(parts[-1]) == PATHS_PER_REQUEST or numbers > NUMBERS_PER_REQUEST):
                parts.append([])
            parts[-1].append(path)
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._ask(part)) for part in parts if part]
        except* PolicyError as failed:
            raise RewardError(str(failed.exceptions[0])) from failed
        return [vectors for task in asked for vectors in task.result()]

    async def _ask(self, paths: Sequence[tuple[int, ...]]) -> list[Tensor]:
        body: dict[str, Any] = {
            "model": self._model, "input": [list(path) for path in paths], "task": self._pooling.task,
            "use_activation": False, "encoding_format": "base64", "embed_dtype": "float32", "endianness": "little",
        }  # fmt: skip
        if self._priority:
            body["priority"] = int(not URGENT.get())
        reading = _Vectors(len(paths), self._pooling.width)
        await self._server.ask("pooling", body, reading)
        return reading.found

    def describe(self) -> dict[str, Any]:
        """See `Pooler`. Where the server is stays an admin's business."""
        return {"engine": "vllm server", "model": self._model}

    def close(self) -> None:
        """Nothing of it is in this process."""


class _Vectors:
    """Reads one answer of /pooling (see `search.policies.model_server.Reading`)."""

    def __init__(self, paths: int, width: int) -> None:
        self._paths = paths
        self._width = width
        self.found: list[Tensor] = []

    def begin(self) -> None:
        self.found = []

    def take(self, piece: dict[str, Any]) -> bool:
        try:
            parts = sorted(piece["data"], key=lambda part: part["index"])
            numbers = [np.frombuffer(base64.b64decode(part["data"], validate=True), "<f4") for part in parts]
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise Nonsense(
                f"answers no vectors ({error or type(error).__name__}). Is it vLLM, started with --runner pooling?"
            ) from error
        if len(numbers) != self._paths:
            raise Nonsense(f"answers for {len(numbers)} paths where {self._paths} were asked.")
        for found in numbers:
            if found.size % self._width:
                raise Nonsense(
                    f"answers {found.size} numbers for a path, which is not {self._width} for every token: it serves"
                    " another model than `folder` holds, or was started for another pooling."
                )
            self.found.append(torch.from_numpy(found.reshape(-1, self._width).copy()))
        return True

    def complete(self) -> str | None:
        return None if self.found else "no vectors"
