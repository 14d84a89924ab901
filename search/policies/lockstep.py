"""Paths decoded in lockstep: whole solutions, step after step, all at the same token, until something stops them all.

What stops them is looked at after every token of all of them, so it depends on the paths alone: never on a clock, on
what shares the batch, or on when a sample found a place. "The first to finish" are those with the fewest tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from search.policies.base import Cancellation, Finish, Policy, StepRequest, StepSample

ROUND_TOKENS = 16
"""Tokens between two looks, for policies that cannot decode in lockstep by themselves: a path overshoots by fewer."""


@dataclass(frozen=True, slots=True)
class PathRequest:
    """One path wanted, from `step` on: at most `steps` steps and `tokens` tokens in this call.

    The key of each next step is its parent's with ".0" appended, as if the steps had been asked for one by one: a path
    is the same text either way. `joint` is what the template writes between two steps, `step_cap` the most tokens of
    the steps after the first.
    """

    step: StepRequest
    steps: int
    tokens: int
    step_cap: int
    joint: str = "\n"


@dataclass(frozen=True, slots=True)
class Leash:
    """What stops all paths of a call: `first` of them have ended, or one more token or step of each that is under way
    would be more than `tokens` or `steps` in all. None: does not stop them. Where others were first a path is aborted,
    or, without `abort`, halted like at the end of an allowance, to go on later."""

    first: int | None = None
    abort: bool = True
    tokens: int | None = None
    steps: int | None = None


class Steps(Protocol):
    """As much of a `Policy` as rounds need."""

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]: ...


class LockstepPolicy(Protocol):
    """What a policy may offer on top of `Policy`."""

    async def decode(
        self, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None = None
    ) -> list[list[StepSample]]:
        """Each path's steps, in the order of the requests.

        A path's last step has the finish `end` or `length` if it ended, `chunk` where the path's own allowance or the
        leash's tokens or steps halted it in mid-step, `aborted` where enough others had finished first or the call was
        cancelled; a path halted between two steps just has no further one. A path of no token has one empty step.
        """
        ...


async def decode(
    policy: Policy, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None = None
) -> list[list[StepSample]]:
    """Paths by the policy's own `decode`, or in rounds of its `generate` (see `LockstepPolicy.decode`)."""
    if not requests:
        return []
    own = getattr(policy, "decode", None)
    if own is not None:
        paths: list[list[StepSample]] = await own(requests, leash, cancellation)
        return paths
    return await decode_in_rounds(policy, requests, leash, cancellation)


async def decode_in_rounds(
    policy: Steps,
    requests: Sequence[PathRequest],
    leash: Leash,
    cancellation: Cancellation | None = None,
    round_tokens: int = ROUND_TOKENS,
) -> list[list[StepSample]]:
    """Lockstep for any policy: so many tokens of every path, then a look. Rounds of one token are its definition."""
    return await _Rounds(policy, requests, leash, cancellation).run(round_tokens)


@dataclass(slots=True)
class _Course:
    """One path in rounds: its whole steps, the step under way, and what is left of its allowance."""

    request: PathRequest
    tokens: int
    steps: int
    done: list[StepSample] = field(default_factory=list)
    text: str = ""
    ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    entropies: tuple[float, ...] = ()
    written: int = 0  # tokens of the step under way; a model server tells their number, not their ids
    certainty: float | None = 0.0  # summed over the tokens
    prompt_tokens: int = 0
    going: bool = True
    ended: bool = False

    def next_request(self, at_most: int) -> StepRequest:
        """The rest of the step under way, at most so many tokens of it."""
        step, first = self.request.step, not self.done
        cap = (step.max_tokens if first else self.request.step_cap) - self.written
        written = "".join(sample.text + self.request.joint for sample in self.done) + self.text
        ids = tuple(token for sample in self.done for token in sample.token_ids) + self.ids
        return step._replace(
            prompt=step.prompt + written,
            prefix_ids=None if step.prefix_ids is None else step.prefix_ids + ids,
            key=step.key + ".0" * len(self.done),
            drawn=(step.drawn if first else 0) + self.written,
            max_tokens=max(1, min(cap, at_most)),
        )

    def take(self, asked: StepRequest, sample: StepSample) -> None:
        """Append what was written of the step under way; see whether it, or the path, is over."""
        if not self.written:
            self.prompt_tokens = sample.prompt_tokens
        self.text += sample.text
        self.ids += sample.token_ids
        self.logprobs += sample.logprobs
        self.entropies += sample.entropies
        self.written += sample.tokens
        self.tokens -= sample.tokens
        if sample.tokens:
            own = self.certainty, sample.certainty
            self.certainty = None if own[0] is None or own[1] is None else own[0] + own[1] * sample.tokens
        cap = self.request.step.max_tokens if not self.done else self.request.step_cap
        halted = sample.finish in ("length", "budget") and sample.tokens == asked.max_tokens and self.written < cap
        if not halted:
            self.close("length" if sample.finish == "budget" else sample.finish)
        elif self.tokens <= 0:
            self.close("chunk")

    def close(self, finish: Finish) -> None:
        """The step under way is over, and the path with it unless the step came to its delimiter."""
        mean = None if self.certainty is None or not self.written else round(self.certainty / self.written, 6)
        count = None if self.ids else self.written  # the ids say it, where there are any
        step = StepSample(self.text, self.ids, self.logprobs, finish, self.prompt_tokens, mean, count, self.entropies)
        self.done.append(step)
        self.text, self.ids, self.logprobs, self.entropies, self.written, self.certainty = "", (), (), (), 0, 0.0
        self.steps -= 1
        self.ended = finish == "end"
        self.going = finish == "step" and self.steps > 0 and self.tokens > 0

    def halt(self, finish: Finish) -> None:
        """Stop a path that is under way where it stands."""
        if self.going and (self.written or not self.done):
            self.close(finish)
        self.going = False


class _Rounds:
    """Lockstep by rounds of `generate`; exact where a round is one token."""

    def __init__(
        self, policy: Steps, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None
    ) -> None:
        self._policy = policy
        self._leash = leash
        self._withdrawn = set[int]() if cancellation is None else cancellation.withdrawn
        self._abort = Cancellation()
        if cancellation is not None:
            cancellation.on_request(self._abort.request)
        self._courses = [_Course(request, request.tokens, request.steps) for request in requests]
        self._spent = 0

    async def run(self, round_tokens: int) -> list[list[StepSample]]:
        """Round after round until every path stands."""
        first = self._leash.first
        while going := self._going():
            share = round_tokens
            if self._leash.tokens is not None:
                share = min(share, (self._leash.tokens - self._spent) // len(going))
            if share < 1 or not await self._round(going, share):
                self._halt("chunk")
            elif first is not None and sum(course.ended for course in self._courses) >= first:
                self._halt("aborted" if self._leash.abort else "chunk")
        return [course.done for course in self._courses]

    def _going(self) -> list[_Course]:
        for at, course in enumerate(self._courses):
            if self._abort.requested or at in self._withdrawn:
                course.halt("aborted")
        return [course for course in self._courses if course.going]

    async def _round(self, going: Sequence[_Course], share: int) -> bool:
        """`share` tokens of each path, across the ends of its steps; False if there is no room for another step."""
        goals = [max(0, course.tokens - share) for course in going]
        while asking := [(c, goal) for c, goal in zip(going, goals, strict=True) if c.going and c.tokens > goal]:
            if self._leash.steps is not None:
                begun = sum(len(course.done) + bool(course.written) for course in self._courses)
                if begun + sum(not course.written for course, _ in asking) > self._leash.steps:
                    return False
            asked = [course.next_request(course.tokens - goal) for course, goal in asking]
            samples = await self._policy.generate(asked, self._abort)
            for (course, _), request, sample in zip(asking, asked, samples, strict=True):
                self._spent += sample.tokens
                course.take(request, sample)
        return True

    def _halt(self, finish: Finish) -> None:
        for course in self._courses:
            course.halt(finish)
