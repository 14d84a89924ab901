"""Playing Countdown: random legal moves in whole numbers, and random solutions of a given target."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from search.domains.numbers import calculate, write_number
from search.domains.reach import Numbers, can_reach


class Move(NamedTuple):
    """One step in whole numbers; `left` is ascending."""

    a: int
    operator: str
    b: int
    result: int
    left: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.a} {self.operator} {self.b} = {self.result} (left: {' '.join(map(str, self.left))})"


def random_moves(numbers: Sequence[int], rng: random.Random) -> list[Move]:
    """Play until one number is left: pairs and operations at random, no negative results, exact divisions only.

    The larger operand comes first, so one combination has one spelling. Given the target it happens to reach, the
    play is a random solution of that puzzle, at the price of one pass: this is what makes training data cheap.
    """
    left = list(numbers)
    moves: list[Move] = []
    while len(left) > 1:
        i, j = rng.sample(range(len(left)), 2)
        a, b = max(left[i], left[j]), min(left[i], left[j])
        rest = [x for k, x in enumerate(left) if k not in (i, j)]
        operator = rng.choice("+-*/" if b and a % b == 0 else "+-*")
        result = a + b if operator == "+" else a - b if operator == "-" else a * b if operator == "*" else a // b
        left = sorted([*rest, result])
        moves.append(Move(a, operator, b, result, tuple(left)))
    return moves


def random_solution(numbers: Numbers, target: Fraction, rng: random.Random) -> list[str] | None:
    """The steps of a random way to the target; whole numbers from 0 up if that is possible; None if nothing is."""
    left = tuple(sorted(numbers))
    if not can_reach(left, target):
        return None
    return _descend(left, target, rng, plain=True) or _descend(left, target, rng, plain=False)


def _descend(left: Numbers, target: Fraction, rng: random.Random, *, plain: bool) -> list[str] | None:
    """Depth-first in random order, cut where the target is out of reach; at most five steps deep."""
    if len(left) == 1:
        return [] if left[0] == target else None
    options = [(i, j, operator) for i in range(len(left)) for j in range(i) for operator in "+-*/"]
    rng.shuffle(options)
    for i, j, operator in options:
        pairs = [(left[i], left[j])] if plain or operator in "+*" else [(left[i], left[j]), (left[j], left[i])]
        for a, b in pairs:
            result = calculate(a, operator, b)
            if result is None or (plain and (result < 0 or result.denominator != 1)):
                continue
            rest = tuple(sorted([*(x for k, x in enumerate(left) if k not in (i, j)), result]))
            if not can_reach(rest, target):
                continue
            tail = _descend(rest, target, rng, plain=plain)
            if tail is not None:
                spelled = " ".join(map(write_number, rest))
                operation = f"{write_number(a)} {operator} {write_number(b)} = {write_number(result)}"
                return [f"{operation} (left: {spelled})", *tail]
    return None
