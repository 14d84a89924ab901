"""The policy that runs a Hugging Face causal language model in this process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers

from search.batching import Call, EngineThread, Occupancy
from search.policies.base import Cancellation, PolicyError, StepRequest, StepSample
from search.policies.decoding import Decoder, SlotModel
from search.policies.llama import LlamaSlots
from search.policies.slot_model import HuggingFaceSlots
from search.templates import Template
from search.tokenization import Tokenization, TokenizationError

transformers.utils.logging.disable_progress_bar()  # a worker's log is no terminal

DTYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class TransformersPolicy:
    """A causal language model behind continuous batching (see `Policy`).

    In float64 and on the lean Llama pass the same seed gives the same tokens whatever shares the batch
    (`describe()["rerun_exact"]`); other models and dtypes are exact only in what was journaled. Log-probabilities
    are the model's own: natural logarithm, temperature 1, nothing truncated, rounded to 1e-6.
    """

    def __init__(
        self,
        slug: str,
        folder: Path,
        template: Template,
        dtype: str = "float32",
        device: str = "cpu",
        slots: int = 256,
        prefix_mb: int = 256,
        threads: int = 1,
        lean: bool = True,
    ) -> None:
        """Load weights and tokenizer; takes seconds and imports torch, so never call it on an event loop.

        Args:
            slug: the name in messages, journals and headers.
            folder: `config.json`, weights and tokenizer in Hugging Face's format.
            template: how problems and steps become the prompt.
            dtype: float64, float32, bfloat16 or float16.
            slots: the most sequences decoded at once.
            prefix_mb: memory for kept prefixes, MiB.
            threads: torch's threads for this engine.
            lean: use the project's own forward pass where the architecture allows it.

        Raises:
            PolicyError: the folder is no causal language model, or it does not run on this engine.
        """
        if dtype not in DTYPES:
            raise PolicyError(f"{slug}: dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
        self._slug = slug
        self._template = template
        self._dtype = dtype
        try:
            self._tokenization = Tokenization(folder)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=DTYPES[dtype], local_files_only=True
            )
        except (OSError, ValueError, KeyError, TokenizationError) as error:
            raise PolicyError(f"{slug}: the folder {folder.name!r} holds no causal language model: {error}") from error
        model.eval().to(device)
        self._lean = lean and LlamaSlots.fits(model)
        self._slots: SlotModel
        if self._lean:
            self._slots = LlamaSlots(model, model.get_output_embeddings(), DTYPES[dtype])
        else:
            whole = HuggingFaceSlots(slug, model)
            whole.check()
            self._slots = whole
        self._end_ids = _end_ids(model, self._tokenization)
        self._weights_sha256 = weights_sha256(folder)
        self._architecture = type(model).__name__
        self._encode_cached = lru_cache(maxsize=4096)(self._encode)
        decoder = Decoder(
            slug, self._slots, self._tokenization, self.encode, self._end_ids, slots, prefix_mb * 2**20, threads
        )
        self._thread: EngineThread[StepRequest, StepSample] = EngineThread(slug, decoder, PolicyError)

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    @property
    def occupancy(self) -> Occupancy:
        """Counters of the engine behind this policy, all runs together."""
        return self._thread.engine.occupancy

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        return {
            "slug": self._slug,
            "engine": "transformers",
            "architecture": self._architecture,
            "weights_sha256": self._weights_sha256,
            "tokenizer_sha256": self._tokenization.sha256,
            "template": self._template.as_dict(),
            "supports_hints": self._template.supports_hints,
            "context": self._slots.context,
            "certainty": True,
            "dtype": self._dtype,
            "rerun_exact": self._lean and self._dtype == "float64",
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        }

    def encode(self, prompt: str) -> tuple[int, ...]:
        """The token ids of a rendered prompt, begin-of-sequence included where the template has one.

        Raises:
            PolicyError: a character is not in the vocabulary.
        """
        return self._encode_cached(prompt)

    def _encode(self, prompt: str) -> tuple[int, ...]:
        try:
            ids = self._tokenization.encode(prompt, special_tokens=self._template.special_tokens)
        except TokenizationError as error:
            raise PolicyError(
                f"{self._slug} cannot read the prompt: {error}. Write it without that character."
            ) from error
        begin = self._tokenization.begin_id
        if self._template.begin and begin is not None and ids[:1] != [begin]:
            ids = [begin, *ids]
        return tuple(ids)

    def prompt_tokens(self, prompt: str) -> int:
        """Length of a prompt in tokens, begin-of-sequence included."""
        return len(self.encode(prompt))

    def token_texts(self, token_ids: Sequence[int]) -> list[str]:
        """Each token's own text, for a page that shades them; special tokens have none."""
        pieces = self._tokenization.pieces
        return [pieces[i] if 0 <= i < len(pieces) else "" for i in token_ids]

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """One sample per request, in their order; an abort takes effect at the next token."""
        if not requests:
            return []
        wanted = None if cancellation is None else lambda: cancellation.requested
        return await self._thread.submit(Call(requests, wanted))

    def close(self) -> None:
        """Stop the engine's thread."""
        self._thread.close()


def weights_sha256(folder: Path) -> str:
    """One hash over a folder's weight files, by name."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()


def _end_ids(model: Any, tokenization: Tokenization) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(i for i in (*ids, tokenization.end_id) if i is not None)
