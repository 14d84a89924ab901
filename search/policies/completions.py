"""The two APIs of OpenAI-compatible servers: what a request looks like, and how an answer is read.

`/v1/completions` continues the exact text of the prompt. `/v1/chat/completions` wraps it into the model's own chat
format: what was asked becomes the user's message, the steps so far the beginning of the assistant's, which the server
has to continue (vLLM, SGLang, llama.cpp and Ollama do).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from search.policies.base import Finish, StepRequest, StepSample
from search.policies.model_server import Nonsense

Api = Literal["completions", "chat"]
PATHS: dict[Api, str] = {"completions": "completions", "chat": "chat/completions"}
_MOST_ABOVE_ZERO = 1e-3
"""A log-probability is at most 0; this much above is rounding."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server is spoken to.

    `stops`: "server" sends the stop texts along and needs the answer to say which one it met (vLLM's `stop_reason`,
    SGLang's `matched_stop`); "client" watches the stream and hangs up at the first stop text. `extra` goes into every
    request as it is. `priority` tells the server who waits: 0 for a person, 1 for work that nobody waits for (vLLM with
    `--scheduling-policy priority`; any other vLLM refuses the field).
    """

    model: str
    api: Api = "completions"
    stops: Literal["server", "client"] = "server"
    logprobs: bool = True
    stream: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    priority: bool = False

    def body(self, request: StepRequest, n: int, seed: int, *, urgent: bool = True) -> dict[str, Any]:
        """The request for `n` samples; `urgent`: a person waits for them."""
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self.model,
            "n": n,
            "max_tokens": request.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed,
        }
        if self.stops == "server" and not request.until_end:
            body["stop"] = list(sampling.stop)
        if self.priority:
            body["priority"] = 0 if urgent else 1
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if self.api == "completions":
            body["prompt"] = request.prompt
            if self.logprobs:
                body["logprobs"] = 1  # the drawn token's own comes along, also when it is not among the first
        else:
            body |= _messages(request)
            if self.logprobs:
                body["logprobs"] = True
        return body | self.extra


def _messages(request: StepRequest) -> dict[str, Any]:
    asked, written = request.prompt[: request.written_from], request.prompt[request.written_from :]
    messages = [{"role": "user", "content": asked.strip()}]
    if not written:
        return {"messages": messages}
    messages.append({"role": "assistant", "content": written})
    # vLLM and SGLang continue the last message only when told to; llama.cpp and Ollama do anyway.
    return {"messages": messages, "add_generation_prompt": False, "continue_final_message": True}


@dataclass(slots=True)
class _Choice:
    """One sample on its way. `stopped` is False until the server says what stopped it; then the text, or None."""

    text: str = ""
    logprobs: list[float] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    pieces: int = 0
    finish: str | None = None
    stopped: Any = False
    cut: bool = False


class Answer:
    """Reads the answer to one request for `n` samples (see `model_server.Reading`)."""

    def __init__(self, dialect: Dialect, request: StepRequest, n: int) -> None:
        self._dialect = dialect
        self._request = request
        self._n = n
        self.begin()

    def begin(self) -> None:
        """Forget what was read."""
        self._choices: dict[int, _Choice] = {}
        self._prompt_tokens = 0
        self._generated: int | None = None

    def take(self, piece: dict[str, Any]) -> bool:
        """Read a piece of a stream, or the whole."""
        choices = piece.get("choices")
        if not isinstance(choices, list):
            raise Nonsense("answers without `choices`. Is `base_url` an OpenAI-compatible API?")
        for entry in choices:
            self._take_choice(entry)
        usage = piece.get("usage")
        if isinstance(usage, dict):
            self._prompt_tokens = _count(usage, "prompt_tokens")
            self._generated = _count(usage, "completion_tokens")
        return bool(self._choices) and all(choice.cut for choice in self._choices.values())

    def _take_choice(self, entry: Any) -> None:
        if not isinstance(entry, dict) or not isinstance(entry.get("index", 0), int):
            raise Nonsense("answers choices that are no choices. Is `base_url` an OpenAI-compatible API?")
        index = entry.get("index", 0)
        if not 0 <= index < self._n:
            raise Nonsense(f"answers choice {index} where {self._n} were asked for.")
        choice = self._choices.setdefault(index, _Choice())
        if choice.cut:
            return
        if text := _text_of(entry, self._dialect.api):
            choice.text += text
            choice.pieces += 1
        choice.logprobs += _logprobs_of(entry)
        choice.tokens += _token_texts_of(entry)
        choice.finish = entry.get("finish_reason") or choice.finish
        for name in ("stop_reason", "matched_stop"):
            if name in entry:
                choice.stopped = entry[name]
        if self._dialect.stops == "client" and not self._request.until_end:
            places = [place for place in map(choice.text.find, self._request.sampling.stop) if place >= 0]
            if places:
                choice.text, choice.cut = choice.text[: min(places)], True

    def complete(self) -> str | None:
        """What a connection that was closed too early left out."""
        ended = self._generated is not None or any(choice.finish for choice in self._choices.values())
        if len(self._choices) < self._n and ended:
            raise Nonsense(
                f"returned {len(self._choices)} of {self._n} samples; if it cannot write several at once, set"
                " `samples_per_request = 1`."
            )
        open_choices = self._n - sum(bool(choice.finish or choice.cut) for choice in self._choices.values())
        return f"{open_choices} of {self._n} samples have no end" if open_choices else None

    def samples(self) -> list[StepSample]:
        """The samples of a complete answer, by index."""
        choices = [self._choices[index] for index in range(self._n)]
        counts = self._counts(choices)
        for choice, count in zip(choices, counts, strict=True):
            if count > self._request.max_tokens:
                raise Nonsense(f"wrote {count} tokens where {self._request.max_tokens} were allowed (`max_tokens`).")
            if self._dialect.logprobs and count and not choice.logprobs:
                raise Nonsense("returns no logprobs; choose a server that does, or set `logprobs = false`.")
        return [self._sample(choice, count) for choice, count in zip(choices, counts, strict=True)]

    def aborted(self) -> list[StepSample]:
        """What was read of each sample before the connection was closed. What came after that nobody knows."""
        choices = [self._choices.get(index, _Choice()) for index in range(self._n)]
        return [self._shown(choice, max(len(choice.logprobs), choice.pieces), "aborted") for choice in choices]

    def token_texts(self) -> list[list[str]]:
        """The texts of each sample's tokens, as far as the server told them."""
        return [self._choices[index].tokens if index in self._choices else [] for index in range(self._n)]

    def _counts(self, choices: list[_Choice]) -> list[int]:
        """Generated tokens of each sample. What the server counts beyond the logprobs (end tokens) is shared out."""
        if self._generated is None:
            if not self._dialect.logprobs and not all(choice.cut for choice in choices):
                raise Nonsense("tells neither `usage` nor logprobs: no budget could be kept. Choose another server.")
            return [max(len(choice.logprobs), choice.pieces) for choice in choices]
        counts = [len(choice.logprobs) for choice in choices]
        missing = max(0, self._generated - sum(counts))
        return [count + missing // self._n + (i < missing % self._n) for i, count in enumerate(counts)]

    def _sample(self, choice: _Choice, count: int) -> StepSample:
        return self._shown(choice, count, self._finish(choice))

    def _finish(self, choice: _Choice) -> Finish:
        if choice.cut:
            return "step"
        if choice.finish == "length":
            return "budget" if self._request.cut_by_budget else "length"
        if choice.finish != "stop":
            raise Nonsense(f"ended a sample for the reason {choice.finish!r}; only stop and length are known here.")
        if self._dialect.stops == "client" or self._request.until_end:
            return "end"
        if choice.stopped is False:
            raise Nonsense(
                "does not say whether a stop text or the end of the solution ended a sample (neither `stop_reason` nor"
                ' `matched_stop`); set `stops = "client"`.'
            )
        return "step" if choice.stopped in self._request.sampling.stop else "end"

    def _shown(self, choice: _Choice, count: int, finish: Finish) -> StepSample:
        text = choice.text
        if finish == "step":  # servers that keep the stop text in what they return
            for stop in self._request.sampling.stop:
                text = text.removesuffix(stop)
        logprobs = tuple(round(min(logprob, 0.0), 6) for logprob in choice.logprobs)
        return StepSample(text, (), logprobs, finish, self._prompt_tokens, count=count)


def _text_of(entry: dict[str, Any], api: Api) -> str:
    holder = entry if api == "completions" else entry.get("delta") or entry.get("message") or {}
    text = holder.get("text" if api == "completions" else "content") if isinstance(holder, dict) else None
    if text is not None and not isinstance(text, str):
        raise Nonsense("answers a text that is none. Is `base_url` an OpenAI-compatible API?")
    return text or ""


def _logprobs_of(entry: dict[str, Any]) -> list[float]:
    """Of the drawn tokens; completions keep them in `token_logprobs`, chat completions in `content`."""
    given = entry.get("logprobs")
    if not isinstance(given, dict):
        return []
    if isinstance(given.get("content"), list):
        values = [token.get("logprob") if isinstance(token, dict) else None for token in given["content"]]
    else:
        values = given.get("token_logprobs") or []
    return [_logprob(value) for value in values]


def _token_texts_of(entry: dict[str, Any]) -> list[str]:
    given = entry.get("logprobs")
    if not isinstance(given, dict):
        return []
    told = given.get("content")
    texts = [token.get("token") for token in told] if isinstance(told, list) else given.get("tokens") or []
    return texts if all(isinstance(text, str) for text in texts) else []


def _logprob(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value > _MOST_ABOVE_ZERO:
        raise Nonsense(f"returns {value!r} as a logprob: its weights or its arithmetic are broken.")
    return float(value)


def _count(usage: dict[str, Any], name: str) -> int:
    found = usage.get(name, 0)
    if not isinstance(found, int) or found < 0:
        raise Nonsense(f"counts {found!r} {name.replace('_', ' ')}.")
    return found
