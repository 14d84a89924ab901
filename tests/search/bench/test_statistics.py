"""Statistics against hand-computed numbers, exhaustive enumeration and textbook formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search.bench.statistics import (
    area_under_curve,
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_statistic,
    paired_difference,
    pareto_front,
    share,
)


def test_wilsons_interval_of_a_textbook_case() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I: 81 of 263, score method.
    found = share(81, 263)
    assert (found.value, found.count) == (pytest.approx(81 / 263), 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    # The same paper: 0 of 20 and 1 of 29.
    assert [round(x, 4) for x in (share(0, 20).low, share(0, 20).high)] == [0.0, 0.1611]
    assert [round(x, 4) for x in (share(1, 29).low, share(1, 29).high)] == [0.0061, 0.1718]


def test_a_bootstrap_of_a_mean_comes_close_to_the_normal_interval() -> None:
    # 400 values, 100 of them 1: mean 0.25, standard error sqrt(0.25 * 0.75 / 400) = 0.02165.
    found = bootstrap_mean([1.0] * 100 + [0.0] * 300)
    assert found.value == 0.25
    assert found.low == pytest.approx(0.25 - 1.96 * 0.02165, abs=0.004)
    assert found.high == pytest.approx(0.25 + 1.96 * 0.02165, abs=0.004)
    assert bootstrap_mean([1.0] * 100 + [0.0] * 300) == found  # seeded: the same rows give the same numbers


def test_pairing_takes_out_what_the_problems_have_in_common() -> None:
    # 200 problems, half of them easy for both; `one` solves 20 more of the others: difference 0.1. The differences are
    # 20 ones and 180 zeros: standard error sqrt(0.1 * 0.9 / 200) = 0.0212, whatever the easy problems do.
    other = [1.0] * 100 + [0.0] * 100
    one = [1.0] * 120 + [0.0] * 80
    found = paired_difference(one, other)
    assert found.value == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1 - 1.96 * 0.0212, abs=0.006)
    assert found.high == pytest.approx(0.1 + 1.96 * 0.0212, abs=0.006)
    assert found.excludes_zero
    assert not paired_difference(one, one[::-1]).excludes_zero
    with pytest.raises(ValueError, match="2 against 1"):
        paired_difference([1.0, 0.0], [1.0])


def test_a_ratio_is_of_sums_and_infinite_over_nothing() -> None:
    found = bootstrap_ratio([100, 300, 200], [1, 0, 1], key="test")
    assert found.value == 300.0
    # Every resample is 3 draws from {100/1, 300/0, 200/1}: at best all from the first; at worst nothing was solved.
    assert found.low >= 100.0
    assert found.high == math.inf
    assert bootstrap_ratio([5], [0], key="test").value == math.inf


def test_the_area_under_the_curve_counts_pairs() -> None:
    scores, truths = [0.9, 0.5, 0.5, 0.2, 0.7, 0.1], [True, True, False, False, False, True]
    pairs = [
        (a, b) for a, t in zip(scores, truths, strict=True) if t for b, u in zip(scores, truths, strict=True) if not u
    ]
    expected = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
    assert area_under_curve(np.array(scores), np.array(truths)) == pytest.approx(expected)
    assert expected == pytest.approx((3 + 1.5 + 0) / 9)
    assert math.isnan(area_under_curve(np.array([0.1, 0.2]), np.array([True, True])))


def test_a_statistic_of_one_problem_has_no_spread() -> None:
    found = bootstrap_statistic(1, lambda drawn: float(len(drawn)), key="one", resamples=20)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_the_front_holds_what_nothing_beats_at_its_price() -> None:
    points = [(100, 0.2), (200, 0.5), (150, 0.2), (300, 0.4), (400, 0.6), (200, 0.45), (400, 0.55)]
    assert pareto_front(points) == [0, 1, 4]
    assert pareto_front([]) == []
