"""The policy that runs a Hugging Face causal language model in this process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import transformers
from safetensors import SafetensorError

from search.batching import Call, EngineThread
from search.local_model import DTYPES, LocalModel, provenance_of
from search.policies.base import Cancellation, PolicyError, Sampling, StepRequest, StepSample
from search.policies.decoding import Decoder
from search.policies.gang import PathCall
from search.policies.llama import LlamaSlots
from search.policies.lockstep import Leash, PathRequest
from search.policies.prompts import Prompts
from search.policies.slot_model import HuggingFaceSlots, SlotModel
from search.questions import Question
from search.templates import Template
from search.tokenization import Tokenization, TokenizationError

VERDICT = Sampling(temperature=0.0, max_step_tokens=1, stop=())
"""How a verdict is read: nothing is drawn."""


class TransformersPolicy(LocalModel[Any, Any]):
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
        self._template = template
        try:
            self._tokenization = Tokenization(folder)
            loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=DTYPES[dtype], local_files_only=True, trust_remote_code=False, output_loading_info=True
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError, TokenizationError) as error:
            raise PolicyError(f"{slug}: the folder {folder.name!r} holds no causal language model: {error}") from error
        model, found = loaded
        # transformers fills what a folder lacks with random numbers, which would write nonsense without a word.
        if found["missing_keys"]:
            lacking = ", ".join(sorted(found["missing_keys"])[:3])
            raise PolicyError(
                f"{slug}: the folder {folder.name!r} holds no causal language model: its weights lack {lacking}."
            )
        model.eval().to(device)
        lean = lean and LlamaSlots.fits(model)
        self._slots: SlotModel
        if lean:
            self._slots = LlamaSlots(model, model.get_output_embeddings(), DTYPES[dtype])
        else:
            whole = HuggingFaceSlots(slug, model)
            whole.check()
            self._slots = whole
        self._end_ids = _end_ids(model, self._tokenization)
        self._prompts = Prompts(slug, self._tokenization, template)
        decoder = Decoder(
            slug, self._slots, self._tokenization, self.encode, self._end_ids, slots, prefix_mb * 2**20, threads
        )
        self._verdicts = self._askable()
        provenance = provenance_of(folder, model, self._tokenization, dtype, lean)
        super().__init__(slug, EngineThread(slug, decoder, PolicyError), provenance)

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        return {
            "slug": self._slug,
            **self._provenance,
            "template": self._template.as_dict(),
            "supports_hints": self._template.supports_hints,
            "context": self._slots.context,
            "certainty": True,
            "questions": sorted(self._verdicts),
            "follows": self._prompts.follows,
        }

    def _askable(self) -> dict[Question, tuple[tuple[int, ...], tuple[int, int]]]:
        """Per question the template has and the vocabulary can express: its ids, and the ids of yes and no."""
        found: dict[Question, tuple[tuple[int, ...], tuple[int, int]]] = {}
        for question in get_args(Question):
            text = self._template.question(question)
            if text is None:
                continue
            try:
                read = [self._tokenization.encode(t, special_tokens=True) for t in (text, *self._template.verdicts)]
            except TokenizationError:
                continue
            if len(read[1]) == len(read[2]) == 1:
                found[question] = tuple(read[0]), (read[1][0], read[2][0])
        return found

    async def ask(self, prompts: Sequence[str], question: Question) -> list[tuple[float, int]]:
        """P(yes) against P(no) right after the question, and the tokens read (see `search.self_evaluation`)."""
        return [
            (round(1.0 / (1.0 + math.exp(no - yes)), 6), sample.prompt_tokens)
            for sample, (yes, no) in ((sample, sample.logprobs) for sample in await self.weigh(prompts, question))
        ]

    async def weigh(self, prompts: Sequence[str], question: Question) -> list[StepSample]:
        """Samples without tokens, whose `logprobs` are those of yes and of no right after the question."""
        marker, verdicts = self._verdicts[question]
        requests = [
            StepRequest(prompt, 0, "", 1, VERDICT, self.encode(prompt) + marker, watched=verdicts) for prompt in prompts
        ]
        return await self.generate(requests)

    def encode(self, prompt: str, marker: tuple[int, int] | None = None) -> tuple[int, ...]:
        """The token ids of a rendered prompt, begin-of-sequence included where the template has one (see `Prompts`).

        Raises:
            PolicyError: a character is not in the vocabulary.
        """
        return self._prompts.encode(prompt, marker)

    def prompt_tokens(self, prompt: str) -> int:
        """Length of a prompt in tokens, begin-of-sequence included."""
        return len(self.encode(prompt))

    def token_texts(self, token_ids: Sequence[int]) -> list[str]:
        """Each token's own text, for a page that shades them; special tokens have none."""
        return self._prompts.token_texts(token_ids)

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """One sample per request, in their order; an abort takes effect at the next token."""
        if not requests:
            return []
        return await self._thread.submit(Call(requests, cancellation))

    async def decode(
        self, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None = None
    ) -> list[list[StepSample]]:
        """Paths in lockstep (see `search.policies.lockstep`): they come in together, and stop at the very token."""
        if not requests:
            return []
        return await self._thread.submit(PathCall(requests, leash, cancellation))


def _end_ids(model: Any, tokenization: Tokenization) -> frozenset[int]:
    configured = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(i for i in (*ids, tokenization.end_id) if i is not None)
