"""Countdown's notation and truth, on cases worked out by hand."""

from __future__ import annotations

import random

import pytest

from search.domains import DOMAINS, domain_of

COUNTDOWN = DOMAINS["countdown"]
PROBLEM = "3 5 7 11 -> 24"
# 11 - 5 = 6; 6 + 7 = 13; hand-made: (11 - 5) * (7 - 3) = 24
SOLUTION = ["11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "6 * 4 = 24 (left: 24)"]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("3 5 7 11 -> 24", "3 5 7 11 -> 24"),
        ("11,7, 5 3->24", "3 5 7 11 -> 24"),
        ("  3; 5 7   11 → 24 ", "3 5 7 11 -> 24"),
        ("3 5 => 8", "3 5 -> 8"),
        ("007 1 -> 8", "1 7 -> 8"),
    ],
)
def test_spellings_have_one_canonical_text(written: str, canonical: str) -> None:
    assert COUNTDOWN.canonical_text(written) == canonical
    found = domain_of(written)
    assert found is not None
    assert found.name == "countdown"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("3 5 7 ->", "target after the arrow is missing"),
        ("3 -> 3", "there are 1"),
        ("1 2 3 4 5 6 7 -> 28", "there are 7"),
        ("3 5 -> 10000", "largest is 10000"),
        ("three five -> 8", "Write it like"),
        ("3 5 7 " * 200 + "-> 5", "Write it like"),
    ],
)
def test_a_mistake_in_the_problem_is_named(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        COUNTDOWN.parse(written)


@pytest.mark.parametrize("text", ["What is 3 + 5?", "", "2 + 3", "a -> b", "3.5 2 -> 7"])
def test_other_texts_are_not_countdown(text: str) -> None:
    assert not COUNTDOWN.recognises(text)


def test_a_solution_by_hand() -> None:
    assert [COUNTDOWN.check_step(PROBLEM, SOLUTION[: i + 1]) for i in range(3)] == [None] * 3
    assert [COUNTDOWN.complete(PROBLEM, SOLUTION[:i]) for i in range(4)] == [False, False, False, True]
    assert COUNTDOWN.verify(PROBLEM, SOLUTION)
    assert not COUNTDOWN.verify(PROBLEM, SOLUTION[:2])
    assert COUNTDOWN.answer(PROBLEM, SOLUTION) == "(7 - 3) * (11 - 5)"
    assert COUNTDOWN.answer(PROBLEM, SOLUTION[:2]) is None


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("11 - 5 = 7 (left: 3 7 7)", "11 - 5 is 6, not 7."),
        ("11 - 6 = 5 (left: 3 5 7)", "6 is not among the numbers left (3 5 7 11)."),
        ("5 + 5 = 10 (left: 3 7 10)", "5 is not among the numbers left"),
        ("11 - 5 = 6 (left: 3 5 6 7)", "What is left should be `3 6 7`, not `3 5 6 7`."),
        ("11 - 5 = 6 (left: )", "What is left should be `3 6 7`"),
        ("11 - 5 = 6", "A step looks like"),
        ("answer: 24", "A step looks like"),
        ("", "A step looks like"),
        ("9" * 10_000, "A step looks like"),
    ],
)
def test_an_illegal_step_is_explained(step: str, said: str) -> None:
    why = COUNTDOWN.check_step(PROBLEM, [step])
    assert why is not None
    assert said in why
    assert COUNTDOWN.first_error(PROBLEM, [step]) == 0
    assert not COUNTDOWN.reachable(PROBLEM, [step])


def test_division_by_zero_and_steps_after_the_end_are_explained() -> None:
    assert COUNTDOWN.check_step("0 5 -> 5", ["5 / 0 = 5 (left: 5)"]) == "5 / 0 divides by zero."
    after = COUNTDOWN.check_step("3 5 -> 8", ["5 + 3 = 8 (left: 8)", "8 + 0 = 8 (left: 8)"])
    assert after == "Only 8 is left: there is nothing more to combine."


def test_a_legal_dead_end_is_no_error_but_is_out_of_reach() -> None:
    # From 3 7 16 no combination makes 24: checked by listing all.
    steps = ["11 + 5 = 16 (left: 3 7 16)"]
    assert COUNTDOWN.first_error(PROBLEM, steps) is None
    assert COUNTDOWN.reachable(PROBLEM, [])
    assert COUNTDOWN.reachable(PROBLEM, SOLUTION[:1])
    # 1 1 -> 24 needs 24 from 2, 0 or 1.
    assert not COUNTDOWN.reachable("1 1 -> 24", [])


def test_a_complete_solution_that_misses_has_an_answer_and_does_not_verify() -> None:
    steps = ["5 + 3 = 8 (left: 8)"]
    assert COUNTDOWN.complete("3 5 -> 15", steps)
    assert COUNTDOWN.answer("3 5 -> 15", steps) == "3 + 5"
    assert not COUNTDOWN.verify("3 5 -> 15", steps)


def test_the_order_of_the_numbers_left_is_free() -> None:
    assert COUNTDOWN.check_step(PROBLEM, ["11 - 5 = 6 (left: 7 3 6)"]) is None


def test_fractions_are_legal() -> None:
    steps = ["8 / 3 = 8/3 (left: 8/3 3 8)", "3 - 8/3 = 1/3 (left: 1/3 8)", "8 / 1/3 = 24 (left: 24)"]
    assert COUNTDOWN.verify("3 3 8 8 -> 24", steps)
    assert COUNTDOWN.solve("3 3 8 8 -> 24", random.Random(0))
    assert COUNTDOWN.answer("3 3 8 8 -> 24", steps) == "8 / (3 - 8 / 3)"


def test_equal_solutions_share_one_answer() -> None:
    other = ["7 - 3 = 4 (left: 4 5 11)", "11 - 5 = 6 (left: 4 6)", "4 * 6 = 24 (left: 24)"]
    assert COUNTDOWN.answer(PROBLEM, other) == COUNTDOWN.answer(PROBLEM, SOLUTION)
    # 1 + 2 + 3 in both groupings, and a subtraction moved about.
    left = ["1 + 2 = 3 (left: 3 3 4)", "3 + 3 = 6 (left: 4 6)", "6 - 4 = 2 (left: 2)"]
    right = ["3 - 4 = -1 (left: -1 1 2)", "2 + -1 = 1 (left: 1 1)", "1 + 1 = 2 (left: 2)"]
    assert COUNTDOWN.answer("1 2 3 4 -> 2", left) == COUNTDOWN.answer("1 2 3 4 -> 2", right) == "1 + 2 + 3 - 4"
    assert COUNTDOWN.verify("1 2 3 4 -> 2", right)


def test_no_solution_is_said() -> None:
    with pytest.raises(ValueError, match="no solution"):
        COUNTDOWN.solve("1 1 -> 24", random.Random(0))
