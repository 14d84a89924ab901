"""What requests and answers look like on the wire: OpenAI's shapes, with vLLM's `stop_reason`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from search.policies.base import Policy, Sampling, StepRequest, StepSample
from search.questions import Question
from search.templates import Template, render_prompt

_REASONS = {"step": "stop", "end": "stop", "length": "length", "budget": "length", "aborted": "abort"}


class BadRequest(Exception):
    """An answer that is an error: its status and what it says."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "code": status}}
        super().__init__(message)


class _Message(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str


class _Asked(BaseModel):
    """Settings that are not known here are ignored, as other servers do."""

    model_config = ConfigDict(extra="ignore")

    model: str
    prompt: str | None = None
    messages: list[_Message] = Field(default_factory=list)
    n: int = Field(default=1, ge=1, le=128)
    max_tokens: int = Field(default=16, ge=1, validation_alias=AliasChoices("max_completion_tokens", "max_tokens"))
    temperature: float = Field(default=1.0, ge=0, le=5, allow_inf_nan=False)
    top_p: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)
    stop: str | list[str] | None = None
    seed: int | None = None
    logprobs: int | bool | None = None
    priority: int = 0
    stream: bool = False
    stream_options: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A request that was understood; `frame` is what every piece of its answer begins with, `urgent` requests come into
    the policy's batches before others (vLLM's `priority`: the lower the sooner; here there are two, 0 and above)."""

    chat: bool
    requests: list[StepRequest]
    stops: tuple[str, ...]
    logprobs: bool
    stream: bool
    include_usage: bool
    urgent: bool
    frame: dict[str, Any]


def read_request(api: str, body: bytes, policy: Policy) -> Wanted:
    """The samples a body asks for.

    Raises:
        BadRequest: it is not JSON, a field is wrong (named), or another model is meant.
    """
    try:
        asked = _Asked.model_validate_json(body)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise BadRequest(400, f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from invalid
    if asked.model != policy.name:
        raise BadRequest(404, f"model: there is no model {asked.model!r}; this server has {policy.name!r}")
    chat = api == "chat"
    prompt = _chat_prompt(asked.messages, policy) if chat else asked.prompt
    if prompt is None:
        raise BadRequest(400, "prompt: give the text to continue")
    stops = (asked.stop,) if isinstance(asked.stop, str) else tuple(asked.stop or ())
    sampling = Sampling(asked.temperature, asked.top_p, asked.max_tokens, stops)
    # Who names no seed wants another sample every time.
    seed = secrets.randbelow(2**53) if asked.seed is None else asked.seed
    requests = [
        StepRequest(prompt, seed, str(index), asked.max_tokens, sampling, until_end=not stops)
        for index in range(asked.n)
    ]
    kind = "chat.completion" if chat else "text_completion"
    frame: dict[str, Any] = {"id": "cmpl-0", "object": f"{kind}.chunk" if chat and asked.stream else kind, "created": 0}
    logprobs = asked.logprobs is not None and asked.logprobs is not False
    include_usage = bool(asked.stream_options.get("include_usage"))
    frame["model"] = policy.name
    return Wanted(chat, requests, stops, logprobs, asked.stream, include_usage, asked.priority <= 0, frame)


def _chat_prompt(messages: Sequence[_Message], policy: Policy) -> str:
    """The problem is what was asked; a last message of the assistant is continued."""
    if not messages:
        raise BadRequest(400, "messages: give at least one")
    written = messages[-1].content if messages[-1].role == "assistant" else ""
    asked = "\n".join(message.content for message in messages if message.role != "assistant")
    template = Template.of(policy.describe().get("template") or Template())
    return render_prompt(template, asked) + written


def question_in(wanted: Wanted, policy: Policy) -> tuple[str, Question] | None:
    """The path and the question after it, where one token with its logprob is asked for and the policy was taught to
    answer with a verdict. As text the question would be read letter by letter."""
    request, described = wanted.requests[0], policy.describe()
    if wanted.chat or not wanted.logprobs or len(wanted.requests) > 1 or request.max_tokens > 1:
        return None
    template = Template.of(described.get("template") or Template())
    for question in described.get("questions", ()):
        if (marker := template.question(question)) and request.prompt.endswith(marker):
            return request.prompt.removesuffix(marker), question
    return None


def verdict(wanted: Wanted, weighed: StepSample, policy: Policy) -> dict[str, Any]:
    """The likelier verdict, and both with their logprobs: no other token was ever taught there."""
    told = dict(zip(Template.of(policy.describe()["template"]).verdicts, weighed.logprobs, strict=True))
    likelier = max(told, key=told.__getitem__)
    logprobs = {"tokens": [likelier], "token_logprobs": [told[likelier]], "top_logprobs": [told]}
    choice = {"index": 0, "text": likelier, "finish_reason": "length", "stop_reason": None, "logprobs": logprobs}
    read = weighed.prompt_tokens
    counts = {"prompt_tokens": read, "completion_tokens": 1, "total_tokens": read + 1}
    return {**wanted.frame, "choices": [choice], "usage": counts}


def whole(wanted: Wanted, samples: Sequence[StepSample], policy: Policy) -> dict[str, Any]:
    """The answer to a request without a stream."""
    choices = [_choice(wanted, index, sample, policy, "message") for index, sample in enumerate(samples)]
    return {**wanted.frame, "choices": choices, "usage": usage(samples)}


def chunk(wanted: Wanted, index: int, sample: StepSample, policy: Policy) -> dict[str, Any]:
    """A finished sample as a piece of a stream."""
    return {**wanted.frame, "choices": [_choice(wanted, index, sample, policy, "delta")]}


def usage(samples: Sequence[StepSample]) -> dict[str, int]:
    """Tokens read (once, whatever `n`) and generated, end tokens included."""
    prompt, generated = max(sample.prompt_tokens for sample in samples), sum(sample.tokens for sample in samples)
    return {"prompt_tokens": prompt, "completion_tokens": generated, "total_tokens": prompt + generated}


def _choice(wanted: Wanted, index: int, sample: StepSample, policy: Policy, holder: str) -> dict[str, Any]:
    texts = _token_texts(sample, policy)
    choice: dict[str, Any] = {"index": index, "finish_reason": _REASONS[sample.finish], "logprobs": None}
    if wanted.chat:
        choice[holder] = {"role": "assistant", "content": sample.text}
        if wanted.logprobs:
            pairs = zip(texts, sample.logprobs, strict=True)
            choice["logprobs"] = {"content": [{"token": text, "logprob": logprob} for text, logprob in pairs]}
    else:
        choice["text"] = sample.text
        if wanted.logprobs:
            choice["logprobs"] = {"tokens": texts, "token_logprobs": list(sample.logprobs)}
    choice["stop_reason"] = _stop_met(wanted.stops, sample, texts) if sample.finish == "step" else None
    return choice


def _stop_met(stops: tuple[str, ...], sample: StepSample, texts: Sequence[str]) -> str:
    """The stop text that ended a sample: what follows its text in its tokens."""
    rest = "".join(texts)[len(sample.text) :]
    return next((stop for stop in stops if rest.startswith(stop)), stops[0])


def _token_texts(sample: StepSample, policy: Policy) -> list[str]:
    texts = getattr(policy, "token_texts", None)
    return ["" for _ in sample.logprobs] if texts is None else list(texts(sample.token_ids))
