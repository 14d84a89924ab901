"""What a verifier is: it reads a solution's final answer and checks it against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Verdict:
    """What was found in a solution.

    Attributes:
        answer: the final answer as written; None if the solution has none.
        canonical: a text equal for equal answers, which votes are counted by; None without an answer.
        correct: whether the answer is right; None where the truth is not known. No answer is not a right answer.
    """

    answer: str | None
    canonical: str | None
    correct: bool | None


class Verifier(Protocol):
    """Checks final answers. Pure and callable from any thread."""

    @property
    def name(self) -> str:
        """The verifier's name in commands and APIs."""

    def verify(self, problem_text: str, expected: str | None, steps: Sequence[str]) -> Verdict:
        """The verdict on a solution's steps; `expected` is the known answer, if the problem came with one."""
