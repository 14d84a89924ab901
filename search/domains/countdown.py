"""Countdown: combine all the given numbers with + - * / to reach the target, one operation a step.

    3 5 7 11 -> 24
    11 - 5 = 6 (left: 3 6 7)
    6 * 3 = 18 (left: 7 18)
    ...

Game of 24 is the case "four numbers from 1 to 13, target 24". Planning: an answer is easy to check, hard to find.
Intermediate results may be negative or fractions, as in the classical game; the training data prefers neither.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from search.domains.base import LONGEST_PROBLEM
from search.domains.expressions import Expression, Operation, normal_text
from search.domains.numbers import plain, read_number, write_number
from search.domains.play import random_moves, random_solution
from search.domains.reach import can_reach
from search.domains.steps import read_step

MOST_NUMBERS = 6
LARGEST_NUMBER = 9999

_SHAPE = re.compile(r"[\s,;]*\d[\d\s,;]*(?:->|=>)\s*\d*\s*", re.ASCII)


@dataclass(frozen=True)
class CountdownProblem:
    """The numbers, ascending, and the target they shall make."""

    numbers: tuple[int, ...]
    target: int

    def __str__(self) -> str:
        return f"{' '.join(map(str, self.numbers))} -> {self.target}"


class Countdown:
    """The `Domain` of Countdown and Game of 24."""

    name = "countdown"

    def recognises(self, text: str) -> bool:
        """True for numbers, an arrow and perhaps a target."""
        return len(text) <= LONGEST_PROBLEM and _SHAPE.fullmatch(plain(text)) is not None

    def parse(self, text: str) -> CountdownProblem:
        """The problem; ValueError says what is wrong with the text."""
        example = "Write it like: 3 5 7 11 -> 24"
        if not self.recognises(text):
            raise ValueError(f"A Countdown problem is numbers, an arrow and a target. {example}")
        given, _, wanted = plain(text).replace("=>", "->").partition("->")
        numbers = [int(digits) for digits in re.findall(r"\d+", given)]
        if not wanted.strip():
            raise ValueError(f"The target after the arrow is missing. {example}")
        if not 2 <= len(numbers) <= MOST_NUMBERS:
            raise ValueError(f"Give 2 to {MOST_NUMBERS} numbers before the arrow; there are {len(numbers)}.")
        if max(*numbers, int(wanted)) > LARGEST_NUMBER:
            raise ValueError(
                f"Numbers and target may be at most {LARGEST_NUMBER}; the largest is {max(*numbers, int(wanted))}."
            )
        return CountdownProblem(tuple(sorted(numbers)), int(wanted))

    def canonical_text(self, text: str) -> str:
        """Ascending numbers, one blank between, as the models were trained."""
        return str(self.parse(text))

    def check_step(self, text: str, steps: Sequence[str]) -> str | None:
        """None if the last step takes two of the numbers left, calculates rightly and lists what is left then."""
        if not steps:
            return None
        numbers = self._left(text, steps[:-1])
        if numbers is None:
            return "An earlier step cannot be read, so nothing is known about the numbers left."
        step = read_step(steps[-1])
        if step is None:
            return "A step looks like `11 - 5 = 6 (left: 3 6 7)`; this line does not."
        if len(numbers) == 1:
            return f"Only {write_number(numbers[0])} is left: there is nothing more to combine."
        expected = Counter(numbers)
        for operand in (step.a, step.b):
            if not expected[operand]:
                return f"{write_number(operand)} is not among the numbers left ({_spell(numbers)})."
            expected[operand] -= 1
        if (mistake := step.mistake()) is not None:
            return mistake
        expected[step.result] += 1
        left = _read_left(step.left)
        if left is None or Counter(left) != +expected:
            return f"What is left should be `{_spell(sorted(expected.elements()))}`, not `{step.left}`."
        return None

    def first_error(self, text: str, steps: Sequence[str]) -> int | None:
        """The first illegal step's index. A legal dead end is no error here: `reachable` tells it."""
        return next((i for i in range(len(steps)) if self.check_step(text, steps[: i + 1]) is not None), None)

    def reachable(self, text: str, steps: Sequence[str]) -> bool:
        """All steps legal, and the target can be made of the numbers left."""
        problem = self.parse(text)
        if self.first_error(text, steps) is not None:
            return False
        numbers = self._left(text, steps)
        return numbers is not None and can_reach(tuple(sorted(numbers)), Fraction(problem.target))

    def answer(self, text: str, steps: Sequence[str]) -> str | None:
        """The expression the steps compose, in a normal form; None until one value is left.

        Steps are followed by the values they state, so a solution with a slip still has its (wrong) answer.
        """
        held: list[tuple[Fraction, Expression]] = [(Fraction(n), Fraction(n)) for n in self.parse(text).numbers]
        for line in steps:
            step = read_step(line)
            if step is None:
                return None
            operands: list[Expression] = []
            for operand in (step.a, step.b):
                index = next((i for i, (stated, _) in enumerate(held) if stated == operand), None)
                if index is None:
                    return None
                operands.append(held.pop(index)[1])
            held.append((step.result, Operation(operands[0], step.operator, operands[1])))
        return normal_text(held[0][1]) if len(held) == 1 and steps else None

    def complete(self, text: str, steps: Sequence[str]) -> bool:
        """True once the last step leaves one number alone."""
        left = self._left(text, steps)
        return left is not None and len(left) == 1 and bool(steps)

    def verify(self, text: str, steps: Sequence[str]) -> bool:
        """Every step legal, every number used once, and the target alone is left."""
        left = self._left(text, steps)
        if left != [Fraction(self.parse(text).target)] or not steps:
            return False
        return self.first_error(text, steps) is None

    def generate(self, rng: random.Random, size: int | None = None) -> str:
        """Numbers from 1 to 13 (four unless `size` says otherwise) and a target from 10 to 100 they can make."""
        while True:
            numbers = sorted(rng.randint(1, 13) for _ in range(size or 4))
            moves = random_moves(numbers, rng)
            if 10 <= moves[-1].result <= 100:
                return str(CountdownProblem(tuple(numbers), moves[-1].result))

    def solve(self, text: str, rng: random.Random) -> list[str]:
        """A random solution, in whole numbers from 0 up where there is one."""
        problem = self.parse(text)
        moves = random_solution(tuple(map(Fraction, problem.numbers)), Fraction(problem.target), rng)
        if moves is None:
            raise ValueError(f"{problem} has no solution.")
        return moves

    def _left(self, text: str, steps: Sequence[str]) -> list[Fraction] | None:
        """The numbers left as the last step states them; None if it cannot be read."""
        if not steps:
            return [Fraction(n) for n in self.parse(text).numbers]
        step = read_step(steps[-1])
        return None if step is None else _read_left(step.left)


def _read_left(left: str) -> list[Fraction] | None:
    numbers = [read_number(word) for word in left.split()]
    known = [number for number in numbers if number is not None]
    return known if known and len(known) == len(numbers) else None


def _spell(numbers: Sequence[Fraction]) -> str:
    return " ".join(map(write_number, numbers))
