"""Reading one step line, `11 - 5 = 6 (left: 3 6 7)`, the notation both domains share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from search.domains.numbers import NUMBER, calculate, plain, read_number, write_number

LONGEST_STEP = 400
"""Characters beyond which a line is not read (a model that rambles must cost nothing)."""

_STEP = re.compile(rf"({NUMBER})\s*([-+*/])\s*({NUMBER})\s*=\s*({NUMBER})\s*\(left:\s*(.*?)\s*\)", re.ASCII)


@dataclass(frozen=True)
class Step:
    """One operation as the line states it: ``a operator b = result``, and the text of what is left."""

    a: Fraction
    operator: str
    b: Fraction
    result: Fraction
    left: str

    def mistake(self) -> str | None:
        """A sentence if the stated result is not the operation's value, else None."""
        value = calculate(self.a, self.operator, self.b)
        operation = f"{write_number(self.a)} {self.operator} {write_number(self.b)}"
        if value is None:
            return f"{operation} divides by zero."
        if value != self.result:
            return f"{operation} is {write_number(value)}, not {write_number(self.result)}."
        return None


def read_step(line: str) -> Step | None:
    """The step a line states, true or false; None if it has not the shape of a step."""
    if len(line) > LONGEST_STEP:
        return None
    match = _STEP.fullmatch(plain(line).strip())
    if match is None:
        return None
    a, b, result = (read_number(match[group]) for group in (1, 3, 4))
    if a is None or b is None or result is None:
        return None
    return Step(a, match[2], b, result, match[5])
