"""Reading an arithmetic expression from text."""

from __future__ import annotations

import re
from fractions import Fraction

from search.domains.expressions import Expression, Operation
from search.domains.numbers import plain, read_number

_TOKEN = re.compile(r"\s*(?:(\d{1,12}/\d{1,12}(?!\d)|\d+)|(.))", re.ASCII | re.DOTALL)
_DIVIDED = re.compile(r"\s*(?:(\d+)|(.))", re.ASCII | re.DOTALL)
_DEEPEST = 60


class Reader:
    """A recursive-descent reader: sums of products of numbers, signs and parentheses."""

    def __init__(self, text: str, *, fractions: bool) -> None:
        """With `fractions`, `8/3` without blanks is a number (as in steps); without, it is a division."""
        token = _TOKEN if fractions else _DIVIDED
        self._tokens = [m[1] or m[2] for m in token.finditer(plain(text).strip())]
        self._at = 0
        self._depth = 0

    def read(self) -> Expression:
        """The whole text as a tree; ValueError names the first place that does not fit."""
        expression = self._sum()
        if self._at < len(self._tokens):
            raise ValueError(f"`{self._tokens[self._at]}` does not fit after a complete expression.")
        return expression

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _sum(self) -> Expression:
        left = self._product()
        while self._peek() in ("+", "-"):
            left = Operation(left, self._take(), self._product())
        return left

    def _product(self) -> Expression:
        left = self._factor()
        while self._peek() in ("*", "/"):
            left = Operation(left, self._take(), self._factor())
        return left

    def _factor(self) -> Expression:
        token = self._take()
        if token == "-" and self._peek()[:1].isdigit():
            return -self._number(self._take())
        if token[:1].isdigit():
            return self._number(token)
        if token != "(":
            found = f"`{token}`" if token else "the end"
            raise ValueError(f"A number or an opening parenthesis should stand where {found} is.")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"Parentheses are nested more than {_DEEPEST} deep.")
        inside = self._sum()
        self._depth -= 1
        if self._take() != ")":
            raise ValueError("A closing parenthesis is missing.")
        return inside

    @staticmethod
    def _number(token: str) -> Fraction:
        number = read_number(token)
        if number is None:
            raise ValueError(f"`{token}` is not a number that can be used here (at most 12 digits, no division by 0).")
        return number
