"""Countdown's truth against an independent brute force and the 1,362 puzzles of the Game of 24."""

from __future__ import annotations

import csv
import random
from fractions import Fraction
from itertools import combinations_with_replacement, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.domains import DOMAINS
from search.domains.reach import can_reach, fractions

COUNTDOWN = DOMAINS["countdown"]
PUZZLES = Path(__file__).parents[3] / "../shared/data/game24.csv"


def brute_force(numbers: list[Fraction], target: Fraction) -> bool:
    """Pick any two numbers in any order, replace them by any result, until one is left."""
    if len(numbers) == 1:
        return numbers[0] == target
    for i, j in permutations(range(len(numbers)), 2):
        a, b = numbers[i], numbers[j]
        rest = [x for k, x in enumerate(numbers) if k not in (i, j)]
        results = [a + b, a - b, a * b] + ([a / b] if b else [])
        if any(brute_force([*rest, result], target) for result in results):
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 13), min_size=1, max_size=3), st.integers(-5, 40))
def test_the_solver_agrees_with_brute_force(numbers: list[int], target: int) -> None:
    assert can_reach(fractions(numbers), Fraction(target)) == brute_force(list(fractions(numbers)), Fraction(target))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fractions(-5, 9, max_denominator=3), min_size=2, max_size=3), st.fractions(-5, 9, max_denominator=2))
def test_the_solver_agrees_with_brute_force_on_fractions(numbers: list[Fraction], target: Fraction) -> None:
    assert can_reach(fractions(numbers), target) == brute_force(numbers, target)


def test_four_numbers_by_brute_force() -> None:
    rng = random.Random(0)
    for _ in range(6):
        numbers = fractions(rng.randint(1, 13) for _ in range(4))
        assert can_reach(numbers, Fraction(24)) == brute_force(list(numbers), Fraction(24))


def test_the_game_of_24_has_1362_solvable_puzzles() -> None:
    hands = combinations_with_replacement(range(1, 14), 4)
    assert sum(can_reach(fractions(hand), Fraction(24)) for hand in hands) == 1362


@pytest.mark.skipif(not PUZZLES.exists(), reason="the folder of real files, ../shared/data, is not here")
def test_every_published_puzzle_is_solvable() -> None:
    with PUZZLES.open() as file:
        puzzles = [row["Puzzles"] for row in csv.DictReader(file)]
    assert len(puzzles) == 1362
    for i, puzzle in enumerate(puzzles):
        problem = f"{puzzle} -> 24"
        assert COUNTDOWN.reachable(problem, [])
        if i % 15 == 0:
            assert COUNTDOWN.verify(problem, COUNTDOWN.solve(problem, random.Random(i)))


def test_six_numbers_are_decided_in_seconds() -> None:
    assert COUNTDOWN.reachable("1 2 3 7 11 13 -> 997", [])
