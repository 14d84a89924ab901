"""Exact numbers in the notation of the steps: `12`, `-3`, `8/3`."""

from __future__ import annotations

import re
from fractions import Fraction

NUMBER = r"-?\d{1,12}(?:/\d{1,12})?"
"""A regular expression for one number; a fraction has no blanks, which sets it apart from a division."""

_NUMBER = re.compile(NUMBER, re.ASCII)
_SPELLINGS = {"*": "×·✕⋅∗＊", "/": "÷∕⁄", "-": "−–—﹣－", "+": "＋", "(": "（", ")": "）", "->": "→⟶⇒"}
_PLAIN = str.maketrans({odd: ascii_ for ascii_, odds in _SPELLINGS.items() for odd in odds})


def plain(text: str) -> str:
    """The text with typographic operators (× ÷ − →) in their ASCII spelling."""
    return text.translate(_PLAIN)


def read_number(text: str) -> Fraction | None:
    """The number a text spells, or None if it spells none (`1/0` included)."""
    if _NUMBER.fullmatch(text) is None:
        return None
    numerator, _, denominator = text.partition("/")
    if denominator and int(denominator) == 0:
        return None
    return Fraction(int(numerator), int(denominator or "1"))


def write_number(value: Fraction | int) -> str:
    """The shortest spelling: `6` for a whole number, else the reduced fraction `8/3`."""
    return str(value)


def calculate(a: Fraction, operator: str, b: Fraction) -> Fraction | None:
    """The exact value of ``a operator b``; None for a division by zero."""
    if operator == "+":
        return a + b
    if operator == "-":
        return a - b
    if operator == "*":
        return a * b
    return None if b == 0 else a / b
