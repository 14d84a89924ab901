"""Policies and rewards whose every word is known: they pin the numbers of an algorithm and count what was asked."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from search.asked import Prompt
from search.domains.play import random_moves
from search.policies.base import Cancellation, StepRequest, StepSample
from search.policies.lockstep import Leash, PathRequest, decode_in_rounds
from search.questions import REFINE
from search.randomness import uniform
from search.rewards.base import PathScore, ScoreRequest
from search.templates import Template

Steps = tuple[str, ...]
Writer = Callable[[Steps, StepRequest], tuple[str, bool]]
"""(steps so far, request) → (next step's text, whether it ends the solution)."""


class ScriptedPolicy:
    """Writes what `writer` says, one token per character and one for the delimiter.

    `logprobs` gives every token of a step that many nats, by the step's text; without it they are drawn from the seed.
    `certainty` maps a step's text to how certain it was of it; without one it does not say, like an engine that sees no
    more than the likeliest tokens. `asked` is what it says of its own steps, if it says anything. `rows` counts the
    tokens it really wrote, `calls` the samples, `batches` the requests of each call. Paths are decoded in rounds of one
    token, which is how lockstep is defined; a path is one sample. `verdicts` counts what it was asked of its own steps.
    """

    name = "scripted"

    def __init__(
        self,
        writer: Writer,
        *,
        hints: bool = False,
        logprobs: Mapping[str, float] | None = None,
        certainty: Callable[[str], float] | None = None,
        asked: Callable[[Steps], float] | None = None,
        follows: Sequence[Prompt] = (),
    ) -> None:
        self._writer = writer
        self._logprobs = logprobs
        self._certainty = certainty
        self._asked = asked
        self._follows = list(follows)
        self._template = Template(
            name="scripted",
            hint="Hint: {hint}\n" if hints else None,
            refine=REFINE if "refine" in follows else None,
            instructions="instructions" in follows,
        )
        self.rows = 0
        self.calls = 0
        self.verdicts = 0
        self.batches: list[list[StepRequest]] = []

    def describe(self) -> dict[str, Any]:
        told: dict[str, Any] = {} if self._certainty is None else {"certainty": True}
        if self._asked is not None:
            told["questions"] = ["restart", "right"]
        if self._follows:
            told["follows"] = self._follows
        return {"slug": self.name, "engine": "scripted", "template": self._template.as_dict(), **told}

    def encode(self, prompt: str, marker: tuple[int, int] | None = None) -> tuple[int, ...]:
        assert marker is None or prompt[slice(*marker)] == REFINE
        return tuple(map(ord, prompt))

    def prompt_tokens(self, prompt: str) -> int:
        return len(prompt)

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        self.batches.append(list(requests))
        self.calls += len(requests)
        return self._write(requests)

    async def ask(self, prompts: Sequence[str], question: str) -> list[tuple[float, int]]:
        answer = self._asked or judge_countdown
        self.verdicts += len(prompts)
        return [(answer(tuple(prompt.splitlines()[1:])), len(prompt)) for prompt in prompts]

    async def decode(
        self, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None = None
    ) -> list[list[StepSample]]:
        self.batches.append([request.step for request in requests])
        self.calls += len(requests)
        return await decode_in_rounds(_Pen(self._write), requests, leash, cancellation, round_tokens=1)

    def _write(self, requests: Sequence[StepRequest]) -> list[StepSample]:
        samples = [self._sample(request) for request in requests]
        self.rows += sum(sample.tokens for sample in samples)
        return samples

    def _sample(self, request: StepRequest) -> StepSample:
        assert request.prefix_ids is None or bytes(request.prefix_ids).decode() == request.prompt
        before = request.prompt[: len(request.prompt) - request.drawn]
        steps = before[request.written_from :].splitlines() if self._follows else before.splitlines()[1:]
        text, ends = self._writer(tuple(steps), request)
        text = text[request.drawn :]
        written = text + ("\x03" if ends else "\n")
        finish = "end" if ends else "step"
        if len(written) > request.max_tokens:
            written = text = written[: request.max_tokens]
            finish = "budget" if request.cut_by_budget else "length"
        places = range(request.drawn, request.drawn + len(written))
        logprobs = tuple(-round(uniform(request.seed, request.key, t), 6) for t in places)
        if self._logprobs is not None:
            logprobs = (self._logprobs[text],) * len(written)
        certainty = None if self._certainty is None else self._certainty(text)
        return StepSample(text, tuple(map(ord, written)), logprobs, finish, len(request.prompt), certainty)  # type: ignore[arg-type]


class _Pen:
    """Writes without counting calls: the rounds of a path are one."""

    def __init__(self, write: Callable[[Sequence[StepRequest]], list[StepSample]]) -> None:
        self._write = write

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        return self._write(requests)


class ScriptedReward:
    """Scores the newest step by `judge`; earlier ones as `judge` would have. `calls` counts sequences."""

    name = "scripted"

    def __init__(self, judge: Callable[[Steps], float]) -> None:
        self._judge = judge
        self.calls = 0

    def describe(self) -> dict[str, Any]:
        return {"slug": self.name, "convention": "scripted"}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        self.calls += len(requests)
        return [
            PathScore(tuple(self._judge(r.steps[: i + 1]) for i in range(len(r.steps))), sum(map(len, r.steps)))
            for r in requests
        ]


def child_number(request: StepRequest) -> int:
    """Which child of its parent a request asks for: the number at the end of its creation key."""
    return int(re.findall(r"\d+", request.key)[-1])


def from_table(table: Mapping[Steps, Sequence[str]]) -> Writer:
    """Child c of a path is table[path][c mod length]; a text that ends with a full stop ends the solution."""

    def write(steps: Steps, request: StepRequest) -> tuple[str, bool]:
        options = table[steps]
        text = options[child_number(request) % len(options)]
        return text.removesuffix("."), text.endswith(".")

    return write


def play_countdown(steps: Steps, request: StepRequest) -> tuple[str, bool]:
    """A random legal move; fixed by the path alone at temperature 0. A line that leaves nothing readable: give up."""
    before = steps[-1] if steps else request.prompt.splitlines()[0].partition("->")[0]
    numbers = [int(x) for x in re.findall(r"\d+", before.partition("left:")[2] if steps else before)]
    if len(numbers) < 2:
        return "I give up", True
    fixed_by = "/".join(steps) if request.sampling.temperature == 0 else f"{request.seed}:{request.key}"
    move = random_moves(numbers, random.Random(fixed_by))[0]
    return str(move), len(move.left) == 1


def play_asked(steps: Steps, request: StepRequest) -> tuple[str, bool]:
    """Countdown under any instruction that quotes the problem; two lines where a note is wanted."""
    if request.until_end:
        return f"first idea {child_number(request)}\nsecond idea", True
    problem = next(line for line in request.prompt.splitlines() if " -> " in line)
    return play_countdown(steps, request._replace(prompt=f"{problem}\n"))


def judge_countdown(steps: Steps) -> float:
    """A reward without sense, but fixed by the text: between 0.01 and 0.99, two decimals."""
    return round(0.01 + 0.98 * random.Random("/".join(steps)).random(), 2)


def play_arithmetic(steps: Steps, request: StepRequest) -> tuple[str, bool]:
    """Two steps and one of three answers, right or wrong."""
    if len(steps) < 2:
        return f"step {len(steps) + 1}", False
    return f"answer: {8 + 2 * _die(request, 3)}", True


def _die(request: StepRequest, sides: int) -> int:
    return int(uniform(request.seed, request.key, "die", 0) * sides)
