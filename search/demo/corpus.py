"""Training problems with solutions, drawn without end: Countdown by free play, Arithmetic by reduction."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from search.demo.splits import Split, split_of
from search.domains import DOMAINS
from search.domains.countdown import CountdownProblem
from search.domains.expressions import write
from search.domains.play import random_moves
from search.domains.reduction import LARGEST, random_expression


class Example(NamedTuple):
    """A problem and the steps of one right solution."""

    problem: str
    steps: list[str]

    @property
    def solution(self) -> str:
        """The text after the problem's newline; `<eos>` follows it."""
        return "\n".join(self.steps)


@dataclass(frozen=True)
class Mix:
    """Shares of problem kinds: (share, how many numbers, the largest) for Countdown, (share, how many numbers) else.

    `largest` bounds the values on the way of Arithmetic.
    """

    countdown: tuple[tuple[float, int, int], ...]
    arithmetic: tuple[tuple[float, int], ...]
    countdown_share: float
    largest: int = 999


NARROW = Mix(
    countdown=((0.12, 3, 20), (0.68, 4, 13), (0.08, 4, 25), (0.12, 5, 13)),
    arithmetic=((0.25, 3), (0.35, 4), (0.25, 5), (0.15, 6)),
    countdown_share=0.6,
)
"""What the policy begins with: mostly four numbers up to 13, and 2 to 5 operations."""

WIDE = Mix(
    countdown=((0.10, 3, 20), (0.36, 4, 13), (0.08, 4, 25), (0.24, 5, 13), (0.22, 6, 13)),
    arithmetic=((0.14, 3), (0.16, 4), (0.16, 5), (0.16, 6), (0.14, 7), (0.12, 8), (0.12, 9)),
    countdown_share=0.78,
)
"""What comes then: Countdown with 3 to 6 numbers, Arithmetic with 2 to 8 operations. An Arithmetic text is twice as
long as a Countdown text, so they share the tokens about two to one: planning is the harder thing to learn."""


NEAR_THE_END = Mix(
    countdown=((0.30, 3, 25), (0.12, 3, 60), (0.26, 4, 13), (0.05, 4, 25), (0.14, 5, 13), (0.13, 6, 13)),
    arithmetic=WIDE.arithmetic,
    countdown_share=0.9,
)
"""Every Countdown solution passes by three numbers left, and there it is decided: three numbers teach it in the fewest
tokens, up to 60 because the way there makes large ones."""

LARGE = Mix(
    countdown=NEAR_THE_END.countdown,
    arithmetic=((0.25, 2), (0.20, 3), (0.12, 4), (0.10, 5), (0.09, 6), (0.08, 7), (0.08, 8), (0.08, 9)),
    countdown_share=0.55,
    largest=9999,
)
"""Four digits in Arithmetic, short problems first of all: there every token is about the products that are new."""

BOTH = Mix(
    countdown=((0.12, 3, 25), (0.08, 3, 60), (0.36, 4, 13), (0.06, 4, 25), (0.20, 5, 13), (0.18, 6, 13)),
    arithmetic=LARGE.arithmetic,
    countdown_share=0.8,
    largest=LARGEST,
)
"""The end: Countdown, which suffered from so much Arithmetic, and as much of that as keeps it."""

MEASURED = Mix(
    countdown=((0.40, 4, 13), (0.10, 4, 25), (0.26, 5, 13), (0.24, 6, 13)),
    arithmetic=WIDE.arithmetic,
    countdown_share=0.5,
    largest=LARGEST,
)
"""What the policy is for, and what every figure is about: Countdown with 4 to 6 numbers, Arithmetic with 2 to 8
operations and values below 2,000 on the way."""


def countdown_example(rng: random.Random, split: Split, mix: Mix = MEASURED) -> Example:
    """A Countdown problem of the split, target 10 to 100, with the solution that free play found."""
    _, size, largest = rng.choices(mix.countdown, weights=[share for share, _, _ in mix.countdown])[0]
    return _countdown_example(rng, split, size, largest)


def _countdown_example(rng: random.Random, split: Split, size: int, largest: int) -> Example:
    while True:
        numbers = sorted(rng.randint(1, largest) for _ in range(size))
        moves = random_moves(numbers, rng)
        # Results above 999 on the way are rare in solutions and cost the small model digits; zeros are detours.
        if not 10 <= moves[-1].result <= 100 or any(not 0 < move.result <= 999 for move in moves):
            continue
        text = str(CountdownProblem(tuple(numbers), moves[-1].result))
        if split_of(text) == split:
            return Example(text, [str(move) for move in moves])


def arithmetic_example(rng: random.Random, split: Split, mix: Mix = MEASURED) -> Example:
    """An Arithmetic problem of the split and its one solution."""
    _, size = rng.choices(mix.arithmetic, weights=[share for share, _ in mix.arithmetic])[0]
    while True:
        expression = random_expression(rng, size, mix.largest)
        if isinstance(expression, Fraction):
            continue
        text = write(expression)
        if split_of(text) == split:
            return Example(text, DOMAINS["arithmetic"].solve(text, rng))


def examples(rng: random.Random, split: Split, mix: Mix = MEASURED) -> Iterator[Example]:
    """Endless examples of both domains."""
    while True:
        make = countdown_example if rng.random() < mix.countdown_share else arithmetic_example
        yield make(rng, split, mix)
