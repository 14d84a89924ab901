"""Arithmetic: evaluate an expression, one operation a step, then say the answer.

    ((38 + 47) * 6 - 91) * 2
    38 + 47 = 85 (left: (85 * 6 - 91) * 2)
    ...
    419 * 2 = 838 (left: 838)
    answer: 838

Reasoning: nothing in an answer shows that it is right, and one slip spoils all that follows.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from search.domains.base import LONGEST_PROBLEM
from search.domains.expressions import Expression, Operation, leaves, value, write
from search.domains.notation import Reader
from search.domains.numbers import plain, read_number, write_number
from search.domains.reduction import first_operation, random_expression
from search.domains.steps import LONGEST_STEP, read_step

MOST_NUMBERS = 12
LARGEST_NUMBER = 99999

_SHAPE = re.compile(r"[\d\s()+*/-]+", re.ASCII)
_ANSWER = re.compile(r"answer:\s*(\S+)\s*", re.ASCII)


class Arithmetic:
    """The `Domain` of step-by-step evaluation."""

    name = "arithmetic"

    def recognises(self, text: str) -> bool:
        """True for digits, operators and parentheses only, with at least one number and one operator."""
        if len(text) > LONGEST_PROBLEM:
            return False
        spelled = plain(text)
        return bool(_SHAPE.fullmatch(spelled) and re.search(r"\d", spelled) and re.search(r"[-+*/]", spelled))

    def parse(self, text: str) -> Expression:
        """The expression; ValueError says what is wrong with the text."""
        if not self.recognises(text):
            raise ValueError("An arithmetic problem has numbers, + - * / and parentheses only, like (38 + 47) * 6.")
        expression = Reader(text, fractions=False).read()
        numbers = leaves(expression)
        if not 2 <= len(numbers) <= MOST_NUMBERS:
            raise ValueError(f"Give 2 to {MOST_NUMBERS} numbers; there are {len(numbers)}.")
        if max(map(abs, numbers)) > LARGEST_NUMBER:
            raise ValueError(f"Numbers may be at most {LARGEST_NUMBER}; the largest is {max(map(abs, numbers))}.")
        if value(expression) is None:
            raise ValueError("The expression divides by zero; change a divisor.")
        return expression

    def canonical_text(self, text: str) -> str:
        """Blanks around operators and no parentheses but the needed ones, as the models were trained."""
        return write(self.parse(text))

    def check_step(self, text: str, steps: Sequence[str]) -> str | None:
        """None if the last step keeps the value: a true operation on two numbers left, replaced by its result.

        Any order of evaluation that keeps the value of what is left is legal, as `a + b + c` by `b + c` first.
        """
        if not steps:
            return None
        if self._answered(steps[:-1]) is not None:
            return "The answer was given already; nothing may follow it."
        before = self._left(text, steps[:-1])
        if before is None:
            return "An earlier step cannot be read, so nothing is known about what is left."
        if (answered := self._answered(steps)) is not None:
            right = value(before)
            return None if right == answered else f"What is left is {_spell(right)}, not {write_number(answered)}."
        step = read_step(steps[-1])
        if step is None:
            return "A step looks like `38 + 47 = 85 (left: 85 * 6)` or `answer: 510`; this line does not."
        expected = Counter(leaves(before))
        for operand in (step.a, step.b):
            if not expected[operand]:
                return f"{write_number(operand)} is not among the numbers of `{write(before)}`."
            expected[operand] -= 1
        if (mistake := step.mistake()) is not None:
            return mistake
        expected[step.result] += 1
        after = self._left(text, steps)
        if after is None:
            return f"What is left, `{step.left}`, is no expression."
        if Counter(leaves(after)) != +expected or value(after) != value(before):
            return f"`{step.left}` is not what `{write(before)}` becomes by this operation."
        return None

    def first_error(self, text: str, steps: Sequence[str]) -> int | None:
        """The index of the first wrong step."""
        return next((i for i in range(len(steps)) if self.check_step(text, steps[: i + 1]) is not None), None)

    def reachable(self, text: str, steps: Sequence[str]) -> bool:
        """True if what the last line leaves (or answers) still has the problem's value."""
        right = value(self.parse(text))
        if (answered := self._answered(steps)) is not None:
            return answered == right
        left = self._left(text, steps)
        return left is not None and value(left) == right

    def answer(self, text: str, steps: Sequence[str]) -> str | None:
        """The number on the last line, if that is an `answer:` line."""
        answered = self._answered(steps)
        return None if answered is None else write_number(answered)

    def complete(self, text: str, steps: Sequence[str]) -> bool:
        """True once the last line is an `answer:` line."""
        return bool(steps) and steps[-1].startswith("answer:")

    def verify(self, text: str, steps: Sequence[str]) -> bool:
        """True if the answer is the expression's value, whatever the steps before say."""
        answered = self._answered(steps)
        return answered is not None and answered == value(self.parse(text))

    def generate(self, rng: random.Random, size: int | None = None) -> str:
        """A random expression of `size` numbers (3 to 6) whose values on the way are whole and modest."""
        return write(random_expression(rng, size or rng.randint(3, 6)))

    def solve(self, text: str, rng: random.Random) -> list[str]:
        """The leftmost operation that is ready, each time; `rng` is not needed, the order is fixed."""
        expression, steps = self.parse(text), []
        while isinstance(expression, Operation):
            operation, result, expression = first_operation(expression)
            steps.append(f"{write(operation)} = {write_number(result)} (left: {write(expression)})")
        return [*steps, f"answer: {write_number(expression)}"]

    def _answered(self, steps: Sequence[str]) -> Fraction | None:
        match = _ANSWER.fullmatch(plain(steps[-1])) if steps and len(steps[-1]) <= LONGEST_STEP else None
        return None if match is None else read_number(match[1])

    def _left(self, text: str, steps: Sequence[str]) -> Expression | None:
        """The expression that the last step states to be left; None if it cannot be read."""
        if not steps:
            return self.parse(text)
        step = read_step(steps[-1])
        if step is None:
            return None
        try:
            return Reader(step.left, fractions=True).read()
        except ValueError:
            return None


def _spell(number: Fraction | None) -> str:
    return "undefined" if number is None else write_number(number)
