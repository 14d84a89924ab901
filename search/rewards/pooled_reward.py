"""A reward model whose layers run in vLLM, in this process or behind its server; what they give is read here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from search.calibration import Calibration
from search.local_model import weights_sha256
from search.occupancy import Occupancy
from search.rewards.base import PathScore, RewardError, ScoreRequest, check_path
from search.rewards.conventional import calibrated, conventional, described, readout_of
from search.rewards.head_only import HeadOnly
from search.rewards.kinds import RewardSettings
from search.rewards.pooling import Pooler, Pooling, pooling_of
from search.rewards.readout import NOTHING
from search.rewards.scoring import Reading


class PooledReward:
    """See `Reward`. The same text, positions and label as `ModelReward`, on the vectors of another engine.

    Scores are replay-exact by the journal, not rerun-exact: what vLLM computes depends on what shares a batch.
    """

    def __init__(
        self,
        slug: str,
        folder: Path,
        settings: RewardSettings,
        make: Callable[[Pooling], Pooler],
        dtype: str = "float32",
    ) -> None:
        """Read config, tokenizer and head, and start what `make` makes of the pooling that the convention needs.

        Args:
            slug: the name in messages, journals and headers.
            folder: the model and its tokenizer in Hugging Face's format; a server's has the same.
            settings: the convention it follows, and what is its own in it.
            make: the engine.
            dtype: of the head's computation here, where there is one.

        Raises:
            RewardError: the folder is no model of this kind, or nothing that vLLM can read, or vLLM does not start.
        """
        checkpoint = HeadOnly(slug, folder, dtype, "cpu")
        self.kind, convention = conventional(checkpoint, settings)
        if self.kind == "judge" and settings.votes > 1:
            raise RewardError(f"{slug}: votes: a judge that votes writes critiques; let it run in transformers.")
        self.template, self.reader = convention.template, convention.read
        self._slug = slug
        self._grain = convention.grain
        self._dtype = getattr(torch, dtype)
        self._readout = readout_of(convention)
        self._pooling = pooling_of(checkpoint, convention)
        self._described = {
            "architecture": (checkpoint.config.get("architectures") or ["unknown"])[0],
            "weights_sha256": weights_sha256(folder),
            "tokenizer_sha256": checkpoint.tokenization.sha256,
            "rerun_exact": False,
            "pooling": self._pooling.task,
            **described(self.kind, convention),
        }
        self.calibration: Calibration | None = None
        if settings.calibration is not None:
            path = folder / settings.calibration
            self.calibration = calibrated(slug, path, str(self._described["weights_sha256"]))
        self.occupancy = Occupancy()
        self.pooler = make(self._pooling)

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        fitted = {} if self.calibration is None else {"calibration": self.calibration.as_dict()}
        return {"slug": self._slug, **self.pooler.describe(), **self._described, **fitted}

    def read(self, request: ScoreRequest) -> Reading:
        """The ids the model reads for a path, and the position of every scored token (see `ModelReward.read`)."""
        return self.reader(request)

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """One result per request, in their order; equal paths of a call are read once."""
        readings = [self.reader(request) for request in requests]
        distinct = list({reading.ids: reading for reading in readings}.values())
        vectors = await self.pooler.vectors([reading.ids for reading in distinct])
        found = await asyncio.to_thread(self._scores, distinct, vectors)
        self.occupancy.calls += 1
        self.occupancy.requests += len(requests)
        self.occupancy.tokens += sum(len(reading.ids) for reading in distinct)
        paths = [PathScore(tuple(found[reading.ids]), len(reading.ids)) for reading in readings]
        for request, path in zip(requests, paths, strict=True):
            check_path(self._slug, self._grain, request, path)
        return paths

    @torch.inference_mode()
    def _scores(self, readings: list[Reading], vectors: list[Tensor]) -> dict[tuple[int, ...], list[float]]:
        """Each path's scores, from a vector for every one of its tokens."""
        found = {}
        for reading, states in zip(readings, vectors, strict=True):
            wanted = (len(reading.ids), self._pooling.width)
            if tuple(states.shape) != wanted:
                raise RewardError(
                    f"reward {self._slug} got {_shape(states.shape)} for a path of {wanted[0]} tokens, not"
                    f" {_shape(wanted)}: its engine serves another model, or was started for another pooling."
                )
            [read] = self._readout(self._pooling.head, states.to(self._dtype)[None], [reading], [NOTHING])
            found[reading.ids] = read.scores
        return found

    def close(self) -> None:
        """Stop the engine."""
        self.pooler.close()


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) + " numbers"
