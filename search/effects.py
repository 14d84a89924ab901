"""The `generate` effect of a search, asked of the policy when live, taken from the journal on replay.

The other effects of the models stand beside it: `scores.py`, `verdicts.py`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from search.asked import Asked
from search.budget import Cap, Grant
from search.creation_keys import drawn_before, tokens_begun, uncut
from search.events import Payload
from search.ledger import Ledger
from search.policies.base import Cancellation, PolicyError, Sampling, StepRequest, StepSample
from search.setting import Setting
from search.tree import Node
from search.waiting import attending, in_turn, withdrawing


class JournalEnds(RuntimeError):
    """A replay without models came to the end of an unfinished journal; up to there it was equal."""


class Ask(NamedTuple):
    """`n` samples below `node`, after `further` steps that are not in the tree (a rollout's). `keys` name them.

    `asked`: they do not go on from the node, but answer this; a note is written to its end, whatever ends a step.
    """

    node: Node
    n: int
    keys: tuple[str, ...]
    further: tuple[str, ...] = ()
    further_ids: tuple[int, ...] = ()
    asked: Asked | None = None


class _Prompt(NamedTuple):
    text: str
    ids: tuple[int, ...] | None
    tokens: int
    has_room: bool
    written_from: int


class Effects:
    """Issues one effect at a time. `interrupted` is awaited when a score was dropped for a cancel or a deadline.

    `writer` names the policy in every `generate` effect, in a run that has two of them.
    """

    def __init__(
        self,
        ledger: Ledger,
        setting: Setting,
        interrupted: Callable[[], Awaitable[None]],
        writer: Literal["policy", "draft"] | None = None,
    ) -> None:
        self._writer = {} if writer is None else {"writer": writer}
        self.ledger = ledger
        self.setting = setting
        self.interrupted = interrupted

    def reserve(self, counts: Sequence[int], *, grows: bool, step_cap: int | None = None) -> Grant | Cap:
        """What the budget allows of `counts` samples; the cap in the way if it allows none."""
        cap = step_cap or self.setting.sampling.max_step_tokens
        return self.ledger.budget.reserve(counts, cap, nodes=len(self.ledger.tree), grows=grows)

    def sampling(self, temperature: float | None) -> Sampling:
        """The run's sampling settings, at another temperature if one is given."""
        own = self.setting.sampling
        return own if temperature is None else replace(own, temperature=temperature)

    async def generate(
        self, asks: Sequence[Ask], grant: Grant, *, purpose: str, temperature: float | None, merges: bool = False
    ) -> list[Payload]:
        """The journaled samples of a granted request, in issue order. Keys beyond the grant are not used.

        `merges`: what grows has further parents, which may outlive the one that a person prunes meanwhile.
        """
        granted = [
            ask if n == ask.n else ask._replace(n=n, keys=ask.keys[:n])
            for ask, n in zip(asks, grant.counts, strict=True)
            if n
        ]
        sampling = self.sampling(temperature)
        expected = {"purpose": purpose, "temperature": sampling.temperature, "top_p": sampling.top_p, **self._writer}
        journal = self.ledger.journal
        if journal.replaying:
            event = self.ledger.take("generate", expected)
            asked = [(ask.node.index, ask.n, grant.max_tokens) for ask in granted]
            stored = [(r["node"], r["n"], r["max_tokens"]) for r in event.payload["requests"]]
            if asked != stored:
                journal.differ(event, {"requests": asked})
            samples: list[Payload] = event.payload["samples"]
            return samples
        prompts = [self.prompt(ask.node, ask.further, ask.further_ids, ask.asked) for ask in granted]
        requests: list[StepRequest] = []
        askers: list[Node] = []
        for ask, prompt in zip(granted, prompts, strict=True):
            if prompt.has_room:
                requests += self._requests(ask, prompt, grant, sampling)
                askers += [ask.node] * ask.n
        drawn = iter(await self._draw(requests, [] if merges else askers))
        first = len(self.ledger.tree) if purpose == "expand" else None
        samples = []
        read = [prompt.tokens for prompt in prompts]  # a model server tells the length of a prompt with its samples
        for number, (ask, prompt) in enumerate(zip(granted, prompts, strict=True)):
            for index in range(ask.n):
                node = None if first is None else first + len(samples)
                sample = next(drawn) if prompt.has_room else StepSample("", (), (), "length", prompt.tokens)
                samples.append({"request": number, "index": index, "node": node, **as_payload(sample)})
                read[number] = max(read[number], sample.prompt_tokens)
        headers = [
            {"node": ask.node.index, "n": ask.n, "max_tokens": grant.max_tokens, "prompt_tokens": tokens}
            for ask, tokens in zip(granted, read, strict=True)
        ]
        self.ledger.append("generate", {**expected, "requests": headers, "samples": samples})
        return samples

    def _requests(self, ask: Ask, prompt: _Prompt, grant: Grant, sampling: Sampling) -> list[StepRequest]:
        tree, node, max_tokens = self.ledger.tree, ask.node, grant.max_tokens
        if node.mid_step and not ask.further and ask.asked is None:
            max_tokens = min(max_tokens, max(1, sampling.max_step_tokens - tokens_begun(tree, node)))
        return [
            StepRequest(
                prompt=prompt.text,
                seed=self.setting.seed,
                key=uncut(key),
                max_tokens=max_tokens,
                sampling=sampling,
                prefix_ids=prompt.ids,
                until_end=ask.asked is not None and ask.asked.note,
                cut_by_budget=grant.cut,
                drawn=drawn_before(tree, node, key),
                written_from=prompt.written_from,
            )
            for key in ask.keys
        ]

    def prompt(
        self,
        node: Node,
        further: tuple[str, ...] = (),
        further_ids: tuple[int, ...] = (),
        asked: Asked | None = None,
    ) -> _Prompt:
        """What the policy continues. A path that fills the model's context has no room for another token.

        Whether the problem itself fits is the policy's to say: it names the mend.
        """
        policy = self.setting.policy
        if policy is None:
            raise JournalEnds("the journal ends here, and no policy was given to go on with")
        text, ids, written_from = self.setting.prompt(self.ledger.tree, node, further, further_ids, asked)
        tokens = policy.prompt_tokens(text) if ids is None else len(ids)
        context = self.setting.context
        begun = bool(node.parents or further or asked)
        has_room = not begun or context is None or tokens < context
        return _Prompt(text, ids, tokens, has_room, written_from)

    async def _draw(self, requests: Sequence[StepRequest], askers: Sequence[Node]) -> list[StepSample]:
        policy = self.setting.policy
        if policy is None or not requests:
            return []
        cancellation = Cancellation()
        pruned = withdrawing(self.ledger.tree, askers, cancellation)
        with attending(self.ledger, self.setting, cancellation.request, pruned):
            drawn = await in_turn(policy.generate(requests, cancellation))
        self.check_samples(requests, drawn)
        return drawn

    def check_samples(self, requests: Sequence[StepRequest], samples: Sequence[StepSample]) -> None:
        name = self.setting.policy.name if self.setting.policy else ""
        if len(samples) != len(requests):
            raise PolicyError(f"policy {name} returned {len(samples)} samples for {len(requests)} requests")
        for request, sample in zip(requests, samples, strict=True):
            whole = not sample.token_ids or len(sample.logprobs) == len(sample.token_ids)
            if not whole or not math.isfinite(sum(sample.logprobs)):
                raise PolicyError(f"policy {name} returned a logprob that is no number, at creation key {request.key}")
            if sample.certainty is not None and not math.isfinite(sample.certainty):
                raise PolicyError(f"policy {name} returned a certainty that is no number, at key {request.key}")
            if sample.tokens > request.max_tokens and sample.finish != "aborted":
                raise PolicyError(f"policy {name} wrote {sample.tokens} tokens where {request.max_tokens} were allowed")


def as_payload(sample: StepSample) -> Payload:
    payload: Payload = {
        "text": sample.text,
        "token_ids": list(sample.token_ids),
        "logprobs": list(map(float, sample.logprobs)),
        "finish": sample.finish,
        "tokens": sample.tokens,
    }
    if sample.certainty is not None:
        payload["certainty"] = float(sample.certainty)
    if sample.entropies:
        payload["entropies"] = list(map(float, sample.entropies))
    return payload
