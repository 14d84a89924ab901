"""Verdicts on solutions, in the main thread and outside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from search.verifiers import VERIFIERS, Verdict, infer, verifier_named
from search.verifiers.extraction import boxed, final_answer

COUNTDOWN_STEPS = ["11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "6 * 4 = 24 (left: 24)"]


def test_every_name_has_its_verifier() -> None:
    assert set(VERIFIERS) == {"countdown", "arithmetic", "math", "exact_match"}
    assert all(verifier_named(name).name == name for name in VERIFIERS)
    with pytest.raises(ValueError, match="there are: countdown"):
        verifier_named("guess")


@pytest.mark.parametrize(
    ("problem", "expected", "name"),
    [
        ("3 5 7 11 -> 24", None, "countdown"),
        ("3 5 7 11 -> 24", "24", "countdown"),
        ("(2 + 3) * 4", None, "arithmetic"),
        ("How many eggs?", "72", "math"),
        ("How many eggs?", None, None),
        ("3 5 ->", None, None),
    ],
)
def test_the_fitting_verifier_is_inferred(problem: str, expected: str | None, name: str | None) -> None:
    assert infer(problem, expected) == name


def test_countdown_verdicts() -> None:
    verify = verifier_named("countdown").verify
    good = Verdict("(7 - 3) * (11 - 5)", "(7 - 3) * (11 - 5)", True)
    assert verify("3 5 7 11 -> 24", None, COUNTDOWN_STEPS) == good
    assert verify("3 5 7 11 -> 24", None, COUNTDOWN_STEPS[:2]) == Verdict(None, None, False)
    assert verify("3 5 7 11 -> 25", None, COUNTDOWN_STEPS).correct is False
    assert verify("no problem", None, COUNTDOWN_STEPS) == Verdict(None, None, None)


def test_arithmetic_verdicts() -> None:
    verify = verifier_named("arithmetic").verify
    assert verify("(2 + 3) * 4", None, ["2 + 3 = 5 (left: 5 * 4)", "answer: 20"]) == Verdict("20", "20", True)
    assert verify("(2 + 3) * 4", None, ["answer: 21"]) == Verdict("21", "21", False)


def test_exact_match_folds_blanks_and_case() -> None:
    verify = verifier_named("exact_match").verify
    assert verify("q", "Monday  morning", ["I think", "answer: monday morning."]).correct is True
    assert verify("q", "Tuesday", ["answer: monday"]).correct is False
    assert verify("q", None, ["answer: monday"]) == Verdict("monday", "monday", None)
    assert verify("q", "x", []) == Verdict(None, None, False)


@pytest.mark.parametrize(
    ("expected", "answer", "right"),
    [
        (r"\frac{1}{2}", "0.5", True),
        ("1/2", r"\frac{2}{4}", True),
        ("72", "1,072", False),
        ("1000", "1,000", True),
        ("x + 1", "1 + x", True),
        (r"\boxed{7}", "7", True),
        ("$7$", "7.0", True),
        (r"\frac{14}{3}", "14/3", True),
        ("3", "4", False),
        ("9", "9^{9^{9^9}}", False),
        ("9^{9^{9^9}}", "9^{9^{9^9}}", True),
        ("1", "99999!", False),
        ("2", "x" * 5000, False),
    ],
)
def test_math_compares_values_in_a_worker_thread(expected: str, answer: str, right: bool) -> None:
    with ThreadPoolExecutor(1) as pool:
        verdict = pool.submit(verifier_named("math").verify, "q", expected, [f"So it is \\boxed{{{answer}}}."]).result()
    assert verdict.correct is right
    assert verdict.canonical is not None


def test_math_votes_group_equal_values() -> None:
    verify = verifier_named("math").verify
    spellings = ["0.5", r"\frac{1}{2}", "1/2", r"\dfrac12"]
    assert {verify("q", None, [rf"\boxed{{{s}}}"]).canonical for s in spellings} == {"1/2"}
    assert verify("q", None, ["nothing"]).correct is None


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([r"\boxed{\frac{1}{2}}"], r"\frac{1}{2}"),
        ([r"first \boxed{1}", r"then \boxed{2}."], "2"),
        (["The answer is $72$."], "72"),
        (["x", "#### 72"], "72"),
        (["**Answer: 5**"], "5"),
        (["x = 3", "", "y = 4"], "y = 4"),
        ([], None),
        (["", " "], None),
        ([r"\boxed{}"], None),
    ],
)
def test_the_final_answer_is_found(steps: list[str], answer: str | None) -> None:
    assert final_answer(steps) == answer


def test_an_unclosed_box_is_no_box() -> None:
    assert boxed(r"\boxed{1") is None
