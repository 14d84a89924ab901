"""Arithmetic by reduction: the operation to do first, and random expressions worth reducing."""

from __future__ import annotations

import random
from fractions import Fraction

from search.domains.expressions import Expression, Operation
from search.domains.numbers import calculate

LARGEST = 1999
"""Values on the way stay at or below this: products up to 2,000 are what a small model just about learns."""


def first_operation(expression: Operation) -> tuple[Operation, Fraction, Expression]:
    """The leftmost operation on two numbers, its value, and the expression with that value in its place.

    Raises:
        ValueError: if that operation divides by zero.
    """
    if isinstance(expression.left, Operation):
        operation, result, rest = first_operation(expression.left)
        return operation, result, Operation(rest, expression.operator, expression.right)
    if isinstance(expression.right, Operation):
        operation, result, rest = first_operation(expression.right)
        return operation, result, Operation(expression.left, expression.operator, rest)
    found = calculate(expression.left, expression.operator, expression.right)
    if found is None:
        raise ValueError("The expression divides by zero.")
    return expression, found, found


def random_expression(rng: random.Random, size: int, largest: int = LARGEST) -> Expression:
    """An expression of `size` numbers from 1 to 99, every value on the way whole and within -99 to `largest`."""
    while True:
        grown = _grow(rng, size, largest)
        if grown is not None:
            return grown[0]


def _grow(rng: random.Random, size: int, largest: int) -> tuple[Expression, int] | None:
    """An expression and its value, or None if a value on the way is out of bounds."""
    if size == 1:
        number = rng.randint(1, 99) if rng.random() < 0.6 else rng.randint(1, 12)
        return Fraction(number), number
    # Lopsided trees are as common as balanced ones, so depth varies as much as length.
    part = rng.choice([1, size - 1, rng.randint(1, size - 1)])
    left, right = _grow(rng, part, largest), _grow(rng, size - part, largest)
    if left is None or right is None:
        return None
    (a_tree, a), (b_tree, b) = left, right
    operators = ["+", "-", "*"]
    if b > 1 and a % b == 0:
        operators += ["/", "/"]
    operator = rng.choice(operators)
    result = a + b if operator == "+" else a - b if operator == "-" else a * b if operator == "*" else a // b
    if abs(result) > largest or (result < 0 and (result < -99 or rng.random() < 0.9)):
        return None
    return Operation(a_tree, operator, b_tree), result
