"""The policy behind any OpenAI-compatible server: vLLM, SGLang, llama.cpp, Ollama.

Such servers mostly do not tell token ids: the text is what counts, and logprobs per token where they are given. They
are replay-exact by the journal, not rerun-exact: whatever else the server computes may change a sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, get_args

from search.batching import URGENT
from search.occupancy import Occupancy
from search.policies.base import Cancellation, PolicyError, StepRequest, StepSample
from search.policies.completions import PATHS, Answer, Dialect
from search.policies.lockstep import Leash, PathRequest, decode_in_rounds
from search.policies.model_server import ModelServer, Nonsense, Refused
from search.policies.served_verdicts import Verdict
from search.policies.whole_paths import in_one_piece, steps_of
from search.questions import Question
from search.randomness import uniform
from search.templates import Template

_LOOK_SECONDS = 0.1
"""How often it is looked for samples that a prune has withdrawn."""


class OpenAIPolicy:
    """A model on a server (see `Policy`). Samples of one prompt are asked for together, up to `samples_per_request`.

    Whole paths (`decode`, see `LockstepPolicy`) are asked for in one piece and cut into their steps afterwards.
    """

    def __init__(
        self,
        slug: str,
        server: ModelServer,
        dialect: Dialect,
        template: Template,
        samples_per_request: int = 16,
        context: int | None = None,
        piece_tokens: int | None = 256,
    ) -> None:
        """Asks nothing yet: a server that is not there is found out by the first request.

        Args:
            slug: the name in messages, journals and headers.
            server: the server and how long it may take.
            dialect: which API, and what the server can do.
            template: how problems and steps become the prompt.
            samples_per_request: the most samples that one request asks for (`n`).
            context: the most tokens the model reads, if it is known.
            piece_tokens: how many tokens of a path are asked for at once where nobody looks at it before its end;
                None: such paths are asked for step by step, too.
        """
        self._slug = slug
        self._server = server
        self._dialect = dialect
        self._template = template
        self._together = samples_per_request
        self._context = context
        self._piece_tokens = piece_tokens
        self.occupancy = Occupancy()  # its sizes: the samples under way on the server as each request is sent
        self._under_way = 0

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready. Where the server is stays an admin's business."""
        return {
            "slug": self._slug,
            "engine": "openai",
            "model": self._dialect.model,
            "api": self._dialect.api,
            "template": self._template.as_dict(),
            "supports_hints": self._template.supports_hints,
            "context": self._context,
            "piece_tokens": self._piece_tokens,
            "lone_pieces": self._piece_tokens is not None,
            "questions": self._questions(),
            "follows": [prompt for prompt in self._template.follows if prompt == "instructions"],
            "rerun_exact": False,
        }

    def _questions(self) -> list[Question]:
        """What its template can ask, if the server tells how probable a token is."""
        told = self._dialect.logprobs
        return sorted(question for question in get_args(Question) if told and self._template.question(question))

    async def ask(self, prompts: Sequence[str], question: Question) -> list[tuple[float, int]]:
        """P(yes) against P(no) right after the question, and the tokens read (see `search.self_evaluation`)."""
        marker = self._template.question(question)
        return list(await asyncio.gather(*(self._verdict(f"{prompt}{marker}") for prompt in prompts)))

    async def _verdict(self, asked: str) -> tuple[float, int]:
        verdict = Verdict(self._dialect, self._template.verdicts)
        try:
            await self._server.ask(PATHS[self._dialect.api], verdict.body(asked), verdict)
            return verdict.chance(), verdict.prompt_tokens
        except Nonsense as nonsense:
            raise self._server.error(str(nonsense)) from nonsense

    async def served(self) -> list[str]:
        """The names of the models on its server (see `ModelServer.served`)."""
        return await self._server.served()

    def prompt_tokens(self, prompt: str) -> int:
        """0: only the server knows, and says it with the samples."""
        return 0

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """One sample per request, in their order. An abort closes the connections, so the server stops too."""
        return [sample for sample, _ in await self._write(requests, cancellation)]

    async def decode(
        self, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None = None
    ) -> list[list[StepSample]]:
        """Each path in one piece where nothing but its own allowance can stop it; else in rounds."""
        asked = in_one_piece(requests, leash)
        if asked is None:
            return await decode_in_rounds(self, requests, leash, cancellation)
        tokens = [min(request.tokens, asked) for request in requests]
        wanted = [
            request.step._replace(max_tokens=most, until_end=True)
            for request, most in zip(requests, tokens, strict=True)
        ]
        try:
            written = await self._write(wanted, cancellation)
        except Refused as refused:
            if not _too_long(refused.said):
                raise
            return await decode_in_rounds(self, requests, leash, cancellation)  # as far as the context reaches
        return [
            steps_of(sample, texts, request, most)
            for (sample, texts), request, most in zip(written, requests, tokens, strict=True)
        ]

    async def _write(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None
    ) -> list[tuple[StepSample, Sequence[str]]]:
        """One sample per request, with the texts of its tokens where the server tells them."""
        groups = self._groups(requests)
        answers = [Answer(self._dialect, requests[group[0]], len(group)) for group in groups]
        asked = [
            asyncio.ensure_future(self._ask([requests[at] for at in group], answer))
            for group, answer in zip(groups, answers, strict=True)
        ]
        if cancellation is not None:
            cancellation.on_request(_canceller(asked))
        try:
            await _attend(asked, groups, cancellation)
        finally:  # after an error or when nobody waits any more, nothing stays under way
            _cancel(asked)
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*asked, return_exceptions=True)
        samples: dict[int, tuple[StepSample, Sequence[str]]] = {}
        for group, answer, task in zip(groups, answers, asked, strict=True):
            drawn = answer.aborted() if task.cancelled() else task.result()
            samples.update(zip(group, zip(drawn, answer.token_texts(), strict=True), strict=True))
        self._count([sample for sample, _ in samples.values()], len(groups))
        return [samples[at] for at in range(len(requests))]

    def _groups(self, requests: Sequence[StepRequest]) -> list[list[int]]:
        """Positions of the requests that one HTTP request can serve: same prompt, same limits."""
        groups: dict[tuple[Any, ...], list[list[int]]] = {}
        for position, request in enumerate(requests):
            alike = (request.prompt, request.seed, request.max_tokens, request.sampling, request.until_end)
            parts = groups.setdefault((*alike, request.cut_by_budget, request.written_from), [])
            together = 1 if self._alone(request) else self._together
            if not parts or len(parts[-1]) >= together:
                parts.append([])
            parts[-1].append(position)
        return [group for parts in groups.values() for group in parts]

    def _alone(self, request: StepRequest) -> bool:
        """Whether a sample needs a request of its own.

        At temperature 0 servers refuse to write the same thing twice; without logprobs only a request of its own says
        how many tokens a sample has; and a hang-up ends a whole request.
        """
        hangs_up = self._dialect.stops == "client" and not request.until_end
        return request.sampling.temperature == 0 or not self._dialect.logprobs or hangs_up

    async def _ask(self, requests: Sequence[StepRequest], answer: Answer) -> list[StepSample]:
        self._under_way += len(requests)
        self.occupancy.sizes.add(self._under_way)
        first = requests[0]
        seed = int(uniform(first.seed, "request", *(request.key for request in requests)) * 2**31)
        body = self._dialect.body(first, len(requests), seed, urgent=URGENT.get())
        try:
            await self._server.ask(PATHS[self._dialect.api], body, answer)
            return answer.samples()
        except Nonsense as nonsense:
            raise self._server.error(str(nonsense)) from nonsense
        except Refused as refused:
            if first.until_end or not _too_long(refused.said):
                raise
            if first.written_from == len(first.prompt):
                raise PolicyError(f"{refused} Shorten the problem, or lower max_step_tokens.") from refused
            # The path has filled the model's context: there is no room for another step.
            return [StepSample("", (), (), "length", 0, count=0) for _ in requests]
        finally:
            self._under_way -= len(requests)

    def _count(self, samples: Sequence[StepSample], asked: int) -> None:
        self.occupancy.calls += 1
        self.occupancy.requests += len(samples)
        self.occupancy.forwards += asked
        self.occupancy.rows += len(samples)
        self.occupancy.tokens += sum(sample.tokens for sample in samples)


async def _attend(
    asked: Sequence[asyncio.Future[Any]], groups: Sequence[Sequence[int]], cancellation: Cancellation | None
) -> None:
    """Until all are done or one has failed; a request is closed once all of its samples are withdrawn."""
    waiting = set(asked)
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=None if cancellation is None else _LOOK_SECONDS, return_when=asyncio.FIRST_EXCEPTION
        )
        if any(not task.cancelled() and task.exception() for task in done):
            return
        if cancellation is not None:
            for task, group in zip(asked, groups, strict=True):
                if cancellation.withdrawn.issuperset(group):
                    task.cancel()


def _canceller(tasks: Sequence[asyncio.Future[Any]]) -> Callable[[], None]:
    """Cancels tasks of the running loop, from any thread."""
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        loop.call_soon_threadsafe(_cancel, tasks)

    return cancel


def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()


def _too_long(said: str) -> bool:
    """Whether a refusal is about the model's context: OpenAI's code, and the words of vLLM, SGLang and llama.cpp."""
    words = said.lower()
    return "context" in words and any(word in words for word in ("length", "size", "exceed", "longer"))
