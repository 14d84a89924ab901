"""Continuations that do not enter the tree: journaled, and paid for by the run's budget."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from search.budget import Cap
from search.creation_keys import child_keys
from search.effects import Ask, Effects
from search.events import Payload
from search.lockstep import PathAsk, paths_written
from search.policies.lockstep import Leash
from search.tree import Node

Between = Callable[[], Awaitable[None]]
Spent = Callable[[Cap], Awaitable[None]]


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
    between: Between | None = None,
    spent: Spent | None = None,
) -> list[list[Rollout]] | Cap:
    """n continuations of at most `max_steps` steps below each node that can be continued, in the order of the asks.

    `between` is awaited after every step (or, where the policy writes them whole, after every request), `spent` when
    a cap leaves no room; when it returns there is room again. Without `spent` the cap is the result.
    """
    keys = [key for own in child_keys(asks, "r") for key in own]
    starts = [node for node, count in asks for _ in range(count)]
    rolled: list[Rollout] | Cap
    if effects.setting.lone_pieces:
        rolled = await _whole(effects, starts, keys, max_steps, temperature, between, spent)
    else:
        rolled = await _by_steps(effects, starts, keys, max_steps, temperature, between, spent)
    if isinstance(rolled, str):
        return rolled
    done = iter(rolled)
    return [[next(done) for _ in range(count)] for _, count in asks]


async def _by_steps(
    effects: Effects,
    starts: Sequence[Node],
    keys: Sequence[str],
    max_steps: int,
    temperature: float | None,
    between: Between | None,
    spent: Spent | None,
) -> list[Rollout] | Cap:
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
    return [
        Rollout(path, end == "end", len(nats), math.fsum(nats))
        for path, end, nats in zip(texts, ends, logprobs, strict=True)
    ]


async def _whole(
    effects: Effects,
    starts: Sequence[Node],
    keys: Sequence[str],
    max_steps: int,
    temperature: float | None,
    between: Between | None,
    spent: Spent | None,
) -> list[Rollout] | Cap:
    """Each at one request from beginning to end, those below one node at the same; the policy cuts it into steps."""
    rolled: list[Rollout] = []
    most = max_steps * effects.setting.sampling.max_step_tokens
    while len(rolled) < len(starts):
        going = list(zip(starts, keys, strict=True))[len(rolled) :]
        grant = effects.reserve([1] * len(going), grows=False, step_cap=most)
        if isinstance(grant, str):
            if spent is None:
                return grant
            await spent(grant)
            continue
        asks = []
        for _, group in groupby(going[: sum(grant.counts)], lambda start: start[0].index):
            alike = list(group)
            asks.append(PathAsk(alike[0][0], tuple(f"{key}.0" for _, key in alike), max_steps, grant.max_tokens))
        event = await paths_written(effects, asks, Leash(), temperature, "rollout")
        effects.ledger.observe_budget()
        paths = groupby(event["samples"], lambda sample: (sample["request"], sample["index"]))
        for _, steps in paths:
            rolled.append(_joined(list(steps)))
        if between is not None:
            await between()
    return rolled


def _joined(steps: Sequence[Payload]) -> Rollout:
    nats = [nat for step in steps for nat in step["logprobs"]]
    tokens = sum(step["tokens"] for step in steps)
    return Rollout(tuple(step["text"] for step in steps), steps[-1]["finish"] == "end", tokens, math.fsum(nats))
