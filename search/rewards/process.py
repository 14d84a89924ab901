"""Process rewards that are token-classification models in Hugging Face's format.

Every step is followed by a separator, and the model's label at the separator's last token is the step's score: the
convention of TRL's stepwise trainer, of Qwen2.5-Math-PRM and of the embedded model. Pieces are tokenised one by one,
as in training, so a separator never melts into the step before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers

from search.batching import Call, EngineThread, Occupancy
from search.local_model import DTYPES, weights_sha256
from search.policies.llama import LlamaSlots
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.scoring import Classifier, HuggingFaceClassifier, LlamaClassifier, Reading, Scorer
from search.templates import Template, reward_pieces
from search.tokenization import Tokenization, TokenizationError


class ProcessReward:
    """A process reward model behind one engine thread (see `Reward`); scores lie in [0, 1]."""

    def __init__(
        self,
        slug: str,
        folder: Path,
        template: Template,
        label: int = 1,
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
            folder: a token-classification model and its tokenizer in Hugging Face's format.
            template: how a path becomes text; `step_end` is the separator, `final_end` the final step's.
            label: the label that means "right"; ignored by a model with one label (a sigmoid).
            dtype: float64, float32, bfloat16 or float16.
            rows: the most paths scored in one batch.
            prefix_mb: memory for kept prefixes, MiB (Llama models).
            threads: torch's threads for this engine.
            lean: use the project's own forward pass where the architecture allows it.

        Raises:
            RewardError: the folder is no token-classification model, or has no such label.
        """
        if dtype not in DTYPES:
            raise RewardError(f"{slug}: dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
        self._slug = slug
        self._template = template
        self._label = label
        self._dtype = dtype
        try:
            self._tokenization = Tokenization(folder)
            model = transformers.AutoModelForTokenClassification.from_pretrained(
                folder, dtype=DTYPES[dtype], local_files_only=True
            )
        except (OSError, ValueError, KeyError, TokenizationError) as error:
            raise RewardError(
                f"{slug}: the folder {folder.name!r} holds no token-classification model: {error}"
            ) from error
        labels = model.config.num_labels
        if labels > 1 and not 0 <= label < labels:
            raise RewardError(f"{slug}: the model has {labels} labels, there is no label {label}.")
        model.eval().to(device)
        self._context: int = model.config.get_text_config().max_position_embeddings
        self._weights_sha256 = weights_sha256(folder)
        self._architecture = type(model).__name__
        self._lean = lean and LlamaSlots.fits(model)
        occupancy = Occupancy()
        classifier: Classifier
        if self._lean:
            slots = LlamaSlots(model, model.score, DTYPES[dtype])
            classifier = LlamaClassifier(slots, label, prefix_mb * 2**20, occupancy)
        else:
            classifier = HuggingFaceClassifier(model, label, model.config.pad_token_id or 0)
        self._piece = lru_cache(maxsize=16384)(self._tokenise)
        scorer = Scorer(slug, classifier, self.read, rows, threads)
        scorer.occupancy = occupancy
        self._thread: EngineThread[ScoreRequest, PathScore] = EngineThread(slug, scorer, RewardError)

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    @property
    def occupancy(self) -> Occupancy:
        """Counters of the engine behind this reward, all runs together."""
        return self._thread.engine.occupancy

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        return {
            "slug": self._slug,
            "engine": "transformers",
            "kind": "process",
            "convention": {
                "separator": self._template.step_end,
                "label": self._label,
                "place": "separator's last token",
            },
            "architecture": self._architecture,
            "weights_sha256": self._weights_sha256,
            "tokenizer_sha256": self._tokenization.sha256,
            "template": self._template.as_dict(),
            "context": self._context,
            "dtype": self._dtype,
            "rerun_exact": self._lean and self._dtype == "float64",
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }

    def read(self, request: ScoreRequest) -> Reading:
        """The ids the model reads for a path, and the position of every scored token.

        Raises:
            RewardError: no steps, a character outside the vocabulary, or more tokens than the model's context.
        """
        if not request.steps:
            raise RewardError(f"{self._slug}: a path without steps has nothing to score.")
        begin = self._tokenization.begin_id
        ids: list[int] = [begin] if self._template.begin and begin is not None else []
        scored: list[int] = []
        problem_end = 0
        for piece, is_separator in reward_pieces(self._template, request.problem, request.steps, request.finished):
            ids += self._piece(piece, is_separator or self._template.special_tokens)
            problem_end = problem_end or len(ids) - 1
            if is_separator:
                scored.append(len(ids) - 1)
        if len(ids) > self._context:
            raise RewardError(
                f"{self._slug}: the path has {len(ids)} tokens and the model reads {self._context}."
                " Lower max_step_tokens, or choose a reward model with a larger context."
            )
        return Reading(tuple(ids), tuple(scored), (problem_end, *scored))

    def _tokenise(self, piece: str, special_tokens: bool) -> list[int]:
        try:
            return self._tokenization.encode(piece, special_tokens=special_tokens)
        except TokenizationError as error:
            raise RewardError(
                f"{self._slug} cannot read the path: {error}. Write it without that character."
            ) from error

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """One result per request, in their order; each request is one reward call."""
        if not requests:
            return []
        return await self._thread.submit(Call(requests))

    def close(self) -> None:
        """Stop the engine's thread."""
        self._thread.close()
