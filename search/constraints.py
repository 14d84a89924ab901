"""Constraints on partial texts: predicates that hold or are violated, once and for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from search.pattern_reader import read
from search.patterns import Pattern


@dataclass(frozen=True, slots=True)
class Violation:
    """Which constraint a text violates, and after how many characters it cannot be kept any more."""

    constraint: str
    at: int


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a solution's text (its steps, one a line) or each of its steps has to be like. Empty fields ask nothing.

    `solution`: the whole text matches, once it is finished; until then it can still become a match. `step`: every step
    matches. `forbidden`: occurs nowhere. `longest`: characters of a step.
    """

    solution: str = ""
    step: str = ""
    forbidden: str = ""
    longest: int = 0

    def violation(self, steps: Sequence[str], finished: bool) -> Violation | None:
        """The first constraint that these steps violate, or None. Earlier steps are looked at again.

        Raises:
            BadPattern: a pattern takes too many forms on this text.
        """
        for step in steps:
            if self.longest and len(step) > self.longest:
                return Violation("longest", self.longest)
            if self.step and not _compiled(self.step).matches(step):
                return Violation("step", _compiled(self.step).beginning(step))
        text = "\n".join(steps) if finished else "".join(f"{step}\n" for step in steps)
        if self.forbidden and _found(self.forbidden).matches(text):
            return Violation("forbidden", len(text))
        if self.solution:
            solution = _compiled(self.solution)
            at = solution.beginning(text)
            if at < len(text) or (finished and not solution.matches(text)):
                return Violation("solution", at)
        return None


@lru_cache(maxsize=256)
def _compiled(source: str) -> Pattern:
    return read(source)


@lru_cache(maxsize=256)
def _found(source: str) -> Pattern:
    return read(source).contained()
