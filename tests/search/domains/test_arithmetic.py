"""Arithmetic's notation and truth, on cases worked out by hand."""

from __future__ import annotations

import random

import pytest

from search.domains import DOMAINS, domain_of

ARITHMETIC = DOMAINS["arithmetic"]
PROBLEM = "((38 + 47) * 6 - 91) * 2"
SOLUTION = [
    "38 + 47 = 85 (left: (85 * 6 - 91) * 2)",
    "85 * 6 = 510 (left: (510 - 91) * 2)",
    "510 - 91 = 419 (left: 419 * 2)",
    "419 * 2 = 838 (left: 838)",
    "answer: 838",
]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (PROBLEM, PROBLEM),
        ("((38+47)×6−91)·2", PROBLEM),
        ("(((2)) + (3 * 4))", "2 + 3 * 4"),
        ("2 - (3 - 4)", "2 - (3 - 4)"),
        ("(2 - 3) - 4", "2 - 3 - 4"),
        ("2 + (3 + 4)", "2 + (3 + 4)"),
        ("8/3 + 1", "8 / 3 + 1"),
        ("-3 * 5", "-3 * 5"),
        ("4 - -3", "4 - -3"),
        ("12 ÷ (2 × 3)", "12 / (2 * 3)"),
    ],
)
def test_spellings_have_one_canonical_text(written: str, canonical: str) -> None:
    assert ARITHMETIC.canonical_text(written) == canonical
    found = domain_of(written)
    assert found is not None
    assert found.name == "arithmetic"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("(2 + 3", "closing parenthesis is missing"),
        ("2 + 3)", r"`\)` does not fit"),
        ("2 + * 3", r"where `\*` is"),
        ("2 +", "where the end is"),
        ("2 3 + 4", "`3` does not fit"),
        ("-3", "there are 1"),
        ("3 / (2 - 2)", "divides by zero"),
        ("100000 + 1", "largest is 100000"),
        ("+".join("1" * 13), "there are 13"),
        ("(" * 100 + "1 + 1" + ")" * 100, "nested more than 60"),
        ("two + 3", "numbers, "),
        ("1 + " * 100_000, "numbers, "),
        ("9999999999999 + 1", "at most 12 digits"),
    ],
)
def test_a_mistake_in_the_problem_is_named(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ARITHMETIC.parse(written)


def test_the_designs_own_example() -> None:
    assert ARITHMETIC.solve(PROBLEM, random.Random(0)) == SOLUTION
    assert ARITHMETIC.verify(PROBLEM, SOLUTION)
    assert ARITHMETIC.answer(PROBLEM, SOLUTION) == "838"
    assert ARITHMETIC.first_error(PROBLEM, SOLUTION) is None
    assert [ARITHMETIC.complete(PROBLEM, SOLUTION[:i]) for i in range(6)] == [False] * 5 + [True]
    assert ARITHMETIC.answer(PROBLEM, SOLUTION[:4]) is None


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("38 + 47 = 86 (left: (86 * 6 - 91) * 2)", "38 + 47 is 85, not 86."),
        ("38 + 48 = 86 (left: (86 * 6 - 91) * 2)", "48 is not among the numbers of"),
        ("47 * 6 = 282 (left: (38 + 282 - 91) * 2)", "is not what"),
        ("38 + 47 = 85 (left: (85 * 6 - 19) * 2)", "is not what"),
        ("38 + 47 = 85 (left: (85 * 6 - 91 * 2)", "is no expression"),
        ("answer: 837", "What is left is 838, not 837."),
        ("anything", "A step looks like"),
    ],
)
def test_a_wrong_step_is_explained(step: str, said: str) -> None:
    why = ARITHMETIC.check_step(PROBLEM, [step])
    assert why is not None
    assert said in why
    assert ARITHMETIC.first_error(PROBLEM, [step]) == 0


def test_a_slip_is_found_where_it_happens_and_the_answer_is_wrong() -> None:
    slipped = [SOLUTION[0], "85 * 6 = 500 (left: (500 - 91) * 2)", "500 - 91 = 409 (left: 409 * 2)"]
    slipped += ["409 * 2 = 818 (left: 818)", "answer: 818"]
    assert ARITHMETIC.first_error(PROBLEM, slipped) == 1
    assert [ARITHMETIC.reachable(PROBLEM, slipped[:i]) for i in range(6)] == [True, True, False, False, False, False]
    assert ARITHMETIC.answer(PROBLEM, slipped) == "818"
    assert not ARITHMETIC.verify(PROBLEM, slipped)


def test_any_order_that_keeps_the_value_is_legal() -> None:
    assert ARITHMETIC.check_step("(1 + 2) * (3 + 4)", ["3 + 4 = 7 (left: (1 + 2) * 7)"]) is None
    assert ARITHMETIC.check_step("1 + 2 + 3", ["2 + 3 = 5 (left: 1 + 5)"]) is None
    # 10 - 2 - 3 by 2 - 3 first would leave 11.
    assert ARITHMETIC.check_step("10 - 2 - 3", ["2 - 3 = -1 (left: 10 - -1)"]) is not None


def test_negative_numbers_and_fractions() -> None:
    steps = ["3 - 5 = -2 (left: -2 / 3)", "-2 / 3 = -2/3 (left: -2/3)", "answer: -2/3"]
    assert ARITHMETIC.solve("(3 - 5) / 3", random.Random(0)) == steps
    assert ARITHMETIC.verify("(3 - 5) / 3", steps)


@pytest.mark.parametrize("answer", ["answer: 0838", "answer:838", "answer: 1676/2"])
def test_answers_are_compared_as_numbers(answer: str) -> None:
    assert ARITHMETIC.answer(PROBLEM, [answer]) == "838"
    assert ARITHMETIC.verify(PROBLEM, [answer])


def test_nothing_may_follow_the_answer() -> None:
    assert ARITHMETIC.check_step(PROBLEM, [*SOLUTION, "answer: 838"]) is not None
