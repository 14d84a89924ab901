"""Training problems with solutions, drawn without end: Countdown by free play, Arithmetic by reduction."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from search.demo.splits import Split, split_of
from search.domains import DOMAINS
from search.domains.countdown import CountdownProblem
from search.domains.expressions import write
from search.domains.play import random_moves
from search.domains.reduction import random_expression


class Example(NamedTuple):
    """A problem and the steps of one right solution."""

    problem: str
    steps: list[str]

    @property
    def solution(self) -> str:
        """The text after the problem's newline; `<eos>` follows it."""
        return "\n".join(self.steps)


# (share, how many numbers, the largest number): mostly four numbers up to 13, the case people know.
_COUNTDOWN_MIX = [(0.12, 3, 20), (0.68, 4, 13), (0.08, 4, 25), (0.12, 5, 13)]
_ARITHMETIC_MIX = [(0.25, 3), (0.35, 4), (0.25, 5), (0.15, 6)]


def countdown_example(rng: random.Random, split: Split) -> Example:
    """A Countdown problem of the split, target 10 to 100, with the solution that free play found."""
    _, size, largest = rng.choices(_COUNTDOWN_MIX, weights=[share for share, _, _ in _COUNTDOWN_MIX])[0]
    while True:
        numbers = sorted(rng.randint(1, largest) for _ in range(size))
        moves = random_moves(numbers, rng)
        # Results above 999 on the way are rare in solutions and cost the small model digits; zeros are detours.
        if not 10 <= moves[-1].result <= 100 or any(not 0 < move.result <= 999 for move in moves):
            continue
        text = str(CountdownProblem(tuple(numbers), moves[-1].result))
        if split_of(text) == split:
            return Example(text, [str(move) for move in moves])


def arithmetic_example(rng: random.Random, split: Split) -> Example:
    """An Arithmetic problem of the split with 2 to 5 operations and its one solution."""
    _, size = rng.choices(_ARITHMETIC_MIX, weights=[share for share, _ in _ARITHMETIC_MIX])[0]
    while True:
        expression = random_expression(rng, size)
        if isinstance(expression, Fraction):
            continue
        text = write(expression)
        if split_of(text) == split:
            return Example(text, DOMAINS["arithmetic"].solve(text, rng))


def examples(rng: random.Random, split: Split, countdown_share: float = 0.6) -> Iterator[Example]:
    """Endless examples of both domains. Countdown gets more of them: planning is the harder thing to learn."""
    while True:
        make = countdown_example if rng.random() < countdown_share else arithmetic_example
        yield make(rng, split)
