"""What a problem domain knows: its notation, its legal steps and its exact truth."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

LONGEST_PROBLEM = 400
"""Characters of a problem text beyond which no domain reads on (a 1 MB paste must cost nothing)."""


class Domain(Protocol):
    """A family of problems whose truth can be computed, so that a search can be judged step by step.

    A solution is a sequence of lines ("steps"). The text a model reads and writes is the canonical problem
    text, then the steps, joined by newlines. All methods are pure; none needs a language model.
    """

    @property
    def name(self) -> str:
        """The domain's name in commands, APIs and files, such as ``countdown``."""

    def recognises(self, text: str) -> bool:
        """True if the text has the shape of this domain's problems; `parse` may still reject it."""

    def parse(self, text: str) -> object:
        """The problem as an object.

        Raises:
            ValueError: with a sentence that names what is wrong and how to mend it.
        """

    def canonical_text(self, text: str) -> str:
        """The one spelling of the problem that the models were trained on. Raises ValueError like `parse`."""

    def check_step(self, text: str, steps: Sequence[str]) -> str | None:
        """None if the last of `steps` is legal after the earlier ones, else a sentence that says why not."""

    def first_error(self, text: str, steps: Sequence[str]) -> int | None:
        """The index of the first step that is not legal; None if all are.

        A legal step may still lose the game: ask `reachable` for that.
        """

    def reachable(self, text: str, steps: Sequence[str]) -> bool:
        """The exact truth about a partial solution: can it still be completed so that `verify` holds?"""

    def answer(self, text: str, steps: Sequence[str]) -> str | None:
        """The solution's final answer in a form equal for equal answers; None where there is none yet."""

    def complete(self, text: str, steps: Sequence[str]) -> bool:
        """True once the steps have come to an end, right or wrong."""

    def verify(self, text: str, steps: Sequence[str]) -> bool:
        """True if the solution is complete and right."""

    def generate(self, rng: random.Random, size: int | None = None) -> str:
        """A solvable problem's canonical text; `size` is its count of numbers (a usual one if None)."""

    def solve(self, text: str, rng: random.Random) -> list[str]:
        """The steps of one random right solution.

        Raises:
            ValueError: if the text is no problem of this domain, or has no solution.
        """
