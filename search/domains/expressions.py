"""Arithmetic expressions: a tree, its value, its shortest text, and a normal form for equal solutions.

Trees may be as deep as a problem text allows (`LONGEST_PROBLEM`), so recursion here is bounded by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from search.domains.numbers import calculate, write_number


@dataclass(frozen=True)
class Operation:
    """``left operator right``."""

    left: Expression
    operator: str
    right: Expression


Expression = Fraction | Operation


def value(expression: Expression) -> Fraction | None:
    """The exact value; None if it divides by zero anywhere."""
    if isinstance(expression, Fraction):
        return expression
    left, right = value(expression.left), value(expression.right)
    if left is None or right is None:
        return None
    return calculate(left, expression.operator, right)


def leaves(expression: Expression) -> list[Fraction]:
    """The numbers of the expression from left to right."""
    if isinstance(expression, Fraction):
        return [expression]
    return leaves(expression.left) + leaves(expression.right)


def _binding(expression: Expression) -> int:
    if isinstance(expression, Fraction):
        return 3
    return 1 if expression.operator in "+-" else 2


def write(expression: Expression) -> str:
    """The text with no parentheses but the needed ones, blanks around operators."""
    if isinstance(expression, Fraction):
        return write_number(expression)
    binding = _binding(expression)
    left, right = write(expression.left), write(expression.right)
    if _binding(expression.left) < binding:
        left = f"({left})"
    # Operators bind to the left, so an equal binding on the right needs its parentheses to stay the same tree.
    if _binding(expression.right) <= binding:
        right = f"({right})"
    return f"{left} {expression.operator} {right}"


def normal_text(expression: Expression) -> str:
    """One text for all solutions that differ only by the order and grouping of sums and products.

    `(11 - 5) * 3 + 7` and `7 + 3 * (11 - 5)` get the same text, so votes for one solution are counted together.
    """
    if isinstance(expression, Fraction):
        return write_number(expression)
    plus, minus = ("+", "-") if expression.operator in "+-" else ("*", "/")
    terms = _terms(expression, plus, minus, positive=True)
    kept = sorted((text for text, positive in terms if positive), key=_order)
    taken = sorted((text for text, positive in terms if not positive), key=_order)
    return f" {minus} ".join([f" {plus} ".join(kept), *taken])


def _terms(expression: Expression, plus: str, minus: str, *, positive: bool) -> list[tuple[str, bool]]:
    """The flattened terms of a sum (or the factors of a product), each with whether it is added or taken away."""
    if isinstance(expression, Operation) and expression.operator in (plus, minus):
        right_positive = positive if expression.operator == plus else not positive
        return _terms(expression.left, plus, minus, positive=positive) + _terms(
            expression.right, plus, minus, positive=right_positive
        )
    text = normal_text(expression)
    return [(f"({text})" if plus == "*" and _binding(expression) == 1 else text, positive)]


def _order(text: str) -> tuple[int, str]:
    return len(text), text
