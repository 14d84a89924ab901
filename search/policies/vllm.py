"""The policy that runs vLLM in this process: its AsyncLLM batches by itself, keeps prefixes, and aborts what is left.

vLLM lives in an environment of its own (requirements-vllm.txt). Its samples are replay-exact by the journal, not
rerun-exact: logits depend on what shares a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.local_model import weights_sha256
from search.occupancy import Occupancy
from search.policies.base import Cancellation, PolicyError, StepRequest, StepSample
from search.policies.prompts import Prompts
from search.policies.vllm_samples import sample_of
from search.randomness import uniform
from search.templates import Template
from search.tokenization import Tokenization, TokenizationError
from search.vllm_engine import VllmEngine

_LOOK_SECONDS = 0.1
"""How often it is looked for samples that a prune has withdrawn."""


class VllmPolicy:
    """A causal language model in vLLM (see `Policy`). The engine has an event loop of its own, on a thread."""

    def __init__(self, slug: str, folder: Path, template: Template, entropies: bool = False, **engine: Any) -> None:
        """Start vLLM; takes most of a minute, so never call it on an event loop.

        Args:
            slug: the name in messages, journals and headers.
            folder: `config.json`, weights and tokenizer in Hugging Face's format.
            template: how problems and steps become the prompt.
            entropies: ask for the whole distribution of every token, which tells its entropy and the sample's
                certainty; vLLM then hands over as many numbers a token as the vocabulary has tokens.
            engine: vLLM's own engine arguments (`dtype`, `max_model_len`, `gpu_memory_utilization`, …).

        Raises:
            PolicyError: vLLM is not installed, an argument is none of its own, or it cannot serve the folder.
        """
        self._slug = slug
        self._template = template
        try:
            tokenization = Tokenization(folder)
        except TokenizationError as error:
            raise PolicyError(f"{slug}: {error}") from error
        self._prompts = Prompts(slug, tokenization, template)
        self._entropies = entropies
        if entropies:
            engine = {"max_logprobs": -1, **engine}
        self.engine = VllmEngine(slug, folder, PolicyError, engine)
        config = self.engine.config
        self._context: int = config.max_model_len
        self._provenance = {
            "engine": "vllm",
            "architecture": config.architecture,
            "weights_sha256": weights_sha256(folder),
            "tokenizer_sha256": tokenization.sha256,
            "dtype": str(config.dtype).removeprefix("torch."),
            "rerun_exact": False,
            "versions": self.engine.versions,
        }
        self.occupancy = Occupancy()

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        return {
            "slug": self._slug,
            **self._provenance,
            "template": self._template.as_dict(),
            "supports_hints": self._template.supports_hints,
            "context": self._context,
            "certainty": self._entropies,
            "follows": self._prompts.follows,
        }

    def encode(self, prompt: str, marker: tuple[int, int] | None = None) -> tuple[int, ...]:
        """The token ids of a rendered prompt (see `Prompts`)."""
        return self._prompts.encode(prompt, marker)

    def prompt_tokens(self, prompt: str) -> int:
        """Length of a prompt in tokens, begin-of-sequence included."""
        return len(self.encode(prompt))

    def token_texts(self, token_ids: Sequence[int]) -> list[str]:
        """Each token's own text; special tokens have none."""
        return self._prompts.token_texts(token_ids)

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """One sample per request, in their order; an abort frees their places in vLLM's batch."""
        prompts = [request.prefix_ids or self.encode(request.prompt) for request in requests]
        for request, prompt in zip(requests, prompts, strict=True):
            if len(prompt) >= self._context:
                raise PolicyError(
                    f"{self._slug}: the prompt has {len(prompt)} tokens and the model reads {self._context}, at"
                    f" creation key {request.key}. Shorten the problem, or raise max_model_len."
                )
        return await self.engine.ask(self._all(requests, prompts, cancellation, self.engine.priority()))

    async def _all(
        self,
        requests: Sequence[StepRequest],
        prompts: Sequence[tuple[int, ...]],
        cancellation: Cancellation | None,
        priority: int,
    ) -> list[StepSample]:
        """On vLLM's loop: every request under way at once; those of a lower `priority` come into its batches first."""
        engine = await self.engine.alive()
        names = [self.engine.name() for _ in requests]
        work = [
            asyncio.ensure_future(self._one(engine, *one, priority))
            for one in zip(names, requests, prompts, strict=True)
        ]
        attending = asyncio.ensure_future(_attend(engine, names, work, cancellation))
        try:
            samples = await asyncio.gather(*work)
        finally:  # after an error, or when nobody waits any more, vLLM aborts what is under way
            for task in (attending, *work):
                task.cancel()
        self.occupancy.calls += 1
        self.occupancy.requests += len(samples)
        self.occupancy.tokens += sum(sample.tokens for sample in samples)
        return samples

    async def _one(
        self, engine: Any, name: str, request: StepRequest, prompt: tuple[int, ...], priority: int
    ) -> StepSample:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        parameters = SamplingParams(
            temperature=request.sampling.temperature,
            top_p=request.sampling.top_p,
            max_tokens=request.max_tokens,
            stop=None if request.until_end else list(request.sampling.stop),
            seed=int(uniform(request.seed, "request", request.key, f"{request.drawn}") * 2**31),
            logprobs=-1 if self._entropies else 0,  # of the whole vocabulary, or of the drawn token alone
            flat_logprobs=self._entropies,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        try:
            asked = engine.generate({"prompt_token_ids": list(prompt)}, parameters, name, priority=priority)
            async for output in asked:
                if output.finished:
                    return sample_of(request, output)
        except Exception as error:
            raise self.engine.failed(error) from error
        raise PolicyError(f"{self._slug}: vLLM ended a request without a word, at creation key {request.key}.")

    def close(self) -> None:
        """Stop vLLM and its process."""
        self.engine.close()


async def _attend(
    engine: Any, names: Sequence[str], work: Sequence[asyncio.Future[Any]], cancellation: Cancellation | None
) -> None:
    """Abort what is cancelled or withdrawn, again and again: a request may not have reached vLLM the first time.

    vLLM then ends those samples with what they have.
    """
    while cancellation is not None:
        leaving = range(len(names)) if cancellation.requested else sorted(cancellation.withdrawn)
        if going := [names[position] for position in leaving if not work[position].done()]:
            await engine.abort(going)
        await asyncio.sleep(_LOOK_SECONDS)
