"""A reward model in a Hugging Face folder: one class for every convention, scoring in merged batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from search.batching import Call, EngineThread
from search.calibration import Calibration
from search.local_model import DTYPES, LocalModel, provenance_of
from search.occupancy import Occupancy
from search.policies.llama import LlamaSlots
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.checkpoint import Checkpoint
from search.rewards.classifiers import HuggingFaceClassifier, LlamaClassifier
from search.rewards.conventional import calibrated, conventional, described, readout_of
from search.rewards.kinds import RewardSettings
from search.rewards.scoring import Classifier, Reading, Scorer


class ModelReward(LocalModel[ScoreRequest, PathScore]):
    """A reward model behind one engine thread (see `Reward`); scores lie in [0, 1], rounded to 1e-6."""

    def __init__(
        self,
        slug: str,
        folder: Path,
        settings: RewardSettings | None = None,
        dtype: str = "float32",
        device: str = "cpu",
        rows: int = 128,
        prefix_mb: int = 256,
        threads: int = 1,
        lean: bool = True,
    ) -> None:
        """Load weights and tokenizer; takes seconds and imports torch, so never call it on an event loop.

        Args:
            slug: the name in messages, journals and headers.
            folder: the model and its tokenizer in Hugging Face's format.
            settings: the convention it follows, and what is its own in it.
            dtype: float64, float32, bfloat16 or float16.
            device: where torch computes.
            rows: the most paths scored in one batch.
            prefix_mb: memory for kept prefixes, MiB (Llama models).
            threads: torch's threads for this engine.
            lean: use the project's own forward pass where the architecture allows it.

        Raises:
            RewardError: the folder is no model of this kind; says what is missing and what to give instead.
        """
        settings = settings or RewardSettings()
        checkpoint = Checkpoint(slug, folder, dtype, device)
        self.kind, convention = conventional(checkpoint, settings)
        self.template, self.reader = convention.template, convention.read
        model, head = convention.model, convention.head
        lean = lean and isinstance(head, nn.Linear) and LlamaSlots.fits(model)
        occupancy = Occupancy()
        readout = readout_of(convention)
        classifier: Classifier
        if lean:
            slots = LlamaSlots(model, head, DTYPES[dtype])
            classifier = LlamaClassifier(slots, readout, prefix_mb * 2**20, occupancy)
        else:
            padding = model.config.get_text_config().pad_token_id
            classifier = HuggingFaceClassifier(model, head, readout, padding or 0)
        scorer = Scorer(slug, classifier, convention.read, convention.grain, rows, threads)
        scorer.occupancy = occupancy
        super().__init__(
            slug,
            EngineThread(slug, scorer, RewardError),
            provenance_of(folder, model, checkpoint.tokenization, dtype, lean),
        )
        self._described = described(self.kind, convention)
        self.calibration: Calibration | None = None
        if settings.calibration is not None:
            self.calibration = calibrated(slug, folder / settings.calibration, self._provenance["weights_sha256"])

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        fitted = {} if self.calibration is None else {"calibration": self.calibration.as_dict()}
        return {"slug": self._slug, **self._provenance, **self._described, **fitted}

    def read(self, request: ScoreRequest) -> Reading:
        """The ids the model reads for a path, and the position of every scored token.

        Raises:
            RewardError: no steps, a character outside the vocabulary, or more tokens than the model's context.
        """
        return self.reader(request)

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """One result per request, in their order; each request is one reward call."""
        if not requests:
            return []
        return await self._thread.submit(Call(requests))
