"""Paths under way together in one engine: what each has written, and when all of them stop. The arithmetic of lockstep.

All paths of a gang enter the engine together and draw one token per pass, so that after any pass they have been under
way for equally many tokens, whoever else shares the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

from search.batching import Call
from search.policies.base import Cancellation, Finish, StepRequest, StepSample
from search.policies.lockstep import Leash, PathRequest


class PathCall(Call[PathRequest, list[StepSample]]):
    """A call for paths; they share a leash."""

    def __init__(self, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None) -> None:
        super().__init__(requests, cancellation)
        self.leash = leash


class Course:
    """One path: the whole steps it wrote in this call, and what is left of its allowance."""

    def __init__(self, gang: Gang, position: int, request: PathRequest) -> None:
        self.gang = gang
        self.position = position
        self.step: StepRequest = request.step  # the step under way
        self.tokens = request.tokens
        self.steps = request.steps
        self._step_cap = request.step_cap
        self.done: list[StepSample] = []

    def limit(self, room: int) -> int:
        """The most tokens of the step under way; `room` is left in the model's context."""
        return max(1, min(self.step.max_tokens, self.tokens, room))

    def finish(self, finish: Finish, tokens: int) -> Finish:
        """How the step under way ended, `tokens` long: at its cap it is `length`, at the allowance `chunk`."""
        if finish != "length" or tokens >= self.step.max_tokens or self.tokens > tokens:
            return finish
        return "chunk"

    def close(self, sample: StepSample, room: int) -> bool:
        """Take the step in; True if the path goes on with another in the `room` that is left of the context."""
        self.done.append(sample)
        self.tokens -= sample.tokens
        self.steps -= 1
        return sample.finish == "step" and min(self.steps, self.tokens, room) > 0

    def turn(self) -> None:
        """Begin the next step."""
        self.step = self.step._replace(key=f"{self.step.key}.0", drawn=0, max_tokens=self._step_cap)


class Gang:
    """The paths of one call."""

    def __init__(self, call: PathCall) -> None:
        self.call = call
        self.courses = [Course(self, position, request) for position, request in enumerate(call.requests)]
        self.going = len(self.courses)
        self._ended = 0
        self._spent = 0
        self._begun = len(self.courses)

    def passed(self) -> None:
        """Every path under way drew one more token."""
        self._spent += self.going

    def leave(self, course: Course) -> None:
        """A path is over: its result goes back."""
        self.going -= 1
        self._ended += bool(course.done) and course.done[-1].finish == "end"
        self.call.resolve(course.position, course.done)

    def stop(self, wanting: int) -> Finish | None:
        """After a pass: None if the gang goes on, `wanting` paths with another step; else how the others finish."""
        leash = self.call.leash
        if leash.first is not None and self._ended >= leash.first:
            return "aborted" if leash.abort else "chunk"
        if leash.steps is not None and self._begun + wanting > leash.steps:
            return "chunk"
        if leash.tokens is not None and self._spent + self.going > leash.tokens:
            return "chunk"
        self._begun += wanting
        return None
