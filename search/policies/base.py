"""What a policy is: something that continues a partial solution, many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Finish = Literal["step", "chunk", "end", "length", "budget", "aborted"]
"""How a sample ended; `chunk`: cut in mid-step where it was asked to be, to go on from there."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; temperature 0 means argmax (ties to the lowest id)."""

    temperature: float = 0.8
    top_p: float = 1.0
    max_step_tokens: int = 64
    stop: tuple[str, ...] = ("\n",)


class StepRequest(NamedTuple):
    """One sample wanted: the next step after `prompt`, at most `max_tokens` tokens long.

    `prompt` is the rendered text and all a policy needs. `prefix_ids`, when given, are the token ids of the whole
    prompt (begin-of-sequence included) as the model itself wrote them, so that it is not tokenised anew; give them
    always or never within a run, or a rerun may differ. `key` is the child's creation key: with `seed` it fixes
    every draw of this sample, whatever else shares the batch. `until_end` asks for a whole continuation (delimiters
    do not stop it): a rollout. `drawn` tokens of this very sample are the end of the prompt already (it was cut into
    chunks): token index t of `key` is drawn as number drawn + t, so that a cut changes nothing about what is written.
    `written_from` is the place in `prompt` where the path's steps begin: before it stands
    what was asked (a chat server's user message), after it what the policy itself wrote.
    """

    prompt: str
    seed: int
    key: str
    max_tokens: int
    sampling: Sampling
    prefix_ids: tuple[int, ...] | None = None
    until_end: bool = False
    cut_by_budget: bool = False  # the budget shortened max_tokens: reaching it is finish="budget"
    drawn: int = 0
    watched: tuple[int, ...] = ()  # nothing is drawn: `logprobs` tells how probable each of these ids would be next
    written_from: int = 0


@dataclass(frozen=True, slots=True)
class StepSample:
    """One sampled step. `text` excludes the delimiter and EOS; `token_ids` and `logprobs` include them.

    `logprobs` are the model's own (temperature 1, nothing truncated), in nats, rounded to 1e-6. `certainty` is the
    mean over the tokens of KL(uniform || p) in nats, rounded to 1e-6, p the model's whole next-token distribution;
    None where the engine does not see all of it; `entropies` are p's, token by token, in nats, rounded to 1e-4, and
    empty there. A model server may not tell token ids, or logprobs: then they are empty, the text alone says what was
    written, and `count` says how many tokens were generated.
    """

    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish: Finish
    prompt_tokens: int
    certainty: float | None = None
    count: int | None = None
    entropies: tuple[float, ...] = ()

    @property
    def tokens(self) -> int:
        """Every generated token, stop tokens included."""
        return len(self.token_ids) if self.count is None else self.count


@dataclass
class Cancellation:
    """Asks the engine to abort what is under way, all of it or some requests; set from any thread or task."""

    requested: bool = False
    withdrawn: set[int] = field(default_factory=set)
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def withdraw(self, positions: Iterable[int]) -> None:
        """Abort the requests at these positions only. An engine that cannot just finishes them."""
        self.withdrawn.update(positions)

    def request(self) -> None:
        """Abort: samples under way come back with finish="aborted" and the tokens they have."""
        self.requested = True
        for listener in list(self._listeners):
            listener()

    def on_request(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the abort is requested (at once if it already was)."""
        self._listeners.append(listener)
        if self.requested:
            listener()


class Policy(Protocol):
    """A language model that proposes steps."""

    @property
    def name(self) -> str: ...

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps: slug, engine, weights' hash, tokenizer, template, dtype, versions.

        `certainty: true` promises that every sample with tokens carries its certainty.
        """
        ...

    def prompt_tokens(self, prompt: str) -> int:
        """Length of `prompt` in tokens (begin-of-sequence token included); 0 where only a server can tell."""
        ...

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """One sample per request, in the order of the requests, whatever finished first.

        Raises:
            PolicyError: the model cannot read a prompt or its server failed; names the model.
        """
        ...


class PolicyError(RuntimeError):
    """A policy failed; the message names the model and what to mend."""
