"""Continuations that do not enter the tree: journaled, and paid for by the run's budget."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from search.budget import Cap
from search.creation_keys import child_keys
from search.effects import Ask, Effects
from search.tree import Node


@dataclass(frozen=True, slots=True)
class Rollout:
    """A continuation that did not enter the tree. `finished`: the policy ended it (not a cap).

    `tokens` were generated for it, `logprob` sums their nats.
    """

    texts: tuple[str, ...]
    finished: bool
    tokens: int = 0
    logprob: float = 0.0


async def roll_out(
    effects: Effects,
    asks: Sequence[tuple[Node, int]],
    *,
    max_steps: int,
    temperature: float | None = None,
    between: Callable[[], Awaitable[None]] | None = None,
    spent: Callable[[Cap], Awaitable[None]] | None = None,
) -> list[list[Rollout]] | Cap:
    """n continuations of at most `max_steps` steps below each node that can be continued, in the order of the asks.

    `between` is awaited after every step, `spent` when a cap leaves no room; when it returns there is room again.
    Without `spent` the cap is the result.
    """
    keys = [key for own in child_keys(asks, "r") for key in own]
    starts = [node for node, count in asks for _ in range(count)]
    texts: list[tuple[str, ...]] = [() for _ in starts]
    ids: list[tuple[int, ...]] = [() for _ in starts]
    ends: list[str] = ["step" for _ in starts]
    logprobs: list[tuple[float, ...]] = [() for _ in starts]
    for step in range(max_steps):
        going = [i for i, end in enumerate(ends) if end == "step"]
        while going:
            grant = effects.reserve([1] * len(going), grows=False)
            if isinstance(grant, str):
                if spent is None:
                    return grant
                await spent(grant)
                continue
            requests = [Ask(starts[i], 1, (f"{keys[i]}.{step}",), texts[i], ids[i]) for i in going]
            samples = await effects.generate(requests, grant, purpose="rollout", temperature=temperature)
            effects.ledger.observe_budget()
            for i, sample in zip(going, samples, strict=False):
                texts[i], ids[i] = (*texts[i], sample["text"]), (*ids[i], *sample["token_ids"])
                ends[i], logprobs[i] = sample["finish"], (*logprobs[i], *sample["logprobs"])
            going = going[len(samples) :]
            if between is not None:
                await between()
    done = iter(
        Rollout(path, end == "end", len(nats), math.fsum(nats))
        for path, end, nats in zip(texts, ends, logprobs, strict=True)
    )
    return [[next(done) for _ in range(count)] for _, count in asks]
