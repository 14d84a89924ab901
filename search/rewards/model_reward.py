"""A reward model in a Hugging Face folder: one class for every convention, scoring in merged batches."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from torch import nn

from search.batching import Call, EngineThread
from search.calibration import Calibration, CalibrationError, read
from search.local_model import DTYPES, LocalModel, provenance_of
from search.occupancy import Occupancy
from search.policies.llama import LlamaSlots
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.checkpoint import Checkpoint
from search.rewards.classifiers import HuggingFaceClassifier, LlamaClassifier
from search.rewards.convention import Conventional, context_of
from search.rewards.kinds import KINDS, RewardSettings, kind_of
from search.rewards.readout import LabelReadout, SurpriseReadout
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
        self.kind = _kind(checkpoint, settings)
        load: Conventional = import_module(f"search.rewards.{self.kind}").load
        convention = load(checkpoint, settings)
        self.template, self.reader = convention.template, convention.read
        model, head = convention.model, convention.head
        lean = lean and isinstance(head, nn.Linear) and LlamaSlots.fits(model)
        occupancy = Occupancy()
        readout = SurpriseReadout() if convention.label is None else LabelReadout(convention.label)
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
        self._described = {
            "kind": self.kind,
            "grain": convention.grain,
            "convention": convention.described,
            "template": convention.template.as_dict(),
            "context": context_of(model),
        }
        self.calibration = None if settings.calibration is None else self._calibrated(folder / settings.calibration)

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        fitted = {} if self.calibration is None else {"calibration": self.calibration.as_dict()}
        return {"slug": self._slug, **self._provenance, **self._described, **fitted}

    def _calibrated(self, path: Path) -> Calibration:
        """A calibration that was fitted on this very model's scores."""
        try:
            calibration = read(path)
        except CalibrationError as error:
            raise RewardError(f"{self._slug}: calibration: {error}") from error
        if calibration.weights_sha256 != self._provenance["weights_sha256"]:
            raise RewardError(
                f"{self._slug}: calibration: {path} was fitted for other weights ({calibration.source}); fit one on"
                " journals that were scored with this model."
            )
        return calibration

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


def _kind(checkpoint: Checkpoint, settings: RewardSettings) -> str:
    """The convention to follow: what was said, else what the architecture leaves no doubt about."""
    architectures = checkpoint.config.get("architectures") or []
    kind = settings.kind or kind_of(architectures)
    if kind is None:
        raise RewardError(
            f"{checkpoint.slug}: kind: a {', '.join(architectures) or 'model without architecture'} can be a reward in"
            f" several ways; say which it is: one of {', '.join(KINDS)}."
        )
    return kind
