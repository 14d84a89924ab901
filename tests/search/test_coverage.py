"""pass@k by hand and by counting every draw."""

from __future__ import annotations

from itertools import combinations

import pytest

from search.coverage import coverage, pass_at_k


@pytest.mark.parametrize(
    ("n", "correct", "k", "expected"),
    [
        (5, 2, 2, 0.7),  # of the 10 pairs 3 are all wrong: (1 - 2/4) (1 - 2/5) = 0.3
        (4, 1, 1, 0.25),
        (4, 3, 2, 1.0),  # only one is wrong: every pair holds a right one
        (6, 0, 6, 0.0),
        (3, 3, 1, 1.0),
    ],
)
def test_pass_at_k_by_hand(n, correct, k, expected):
    assert pass_at_k(n, correct, k) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "correct"), [(7, 1), (7, 3), (8, 5), (9, 2)])
def test_it_is_the_share_of_draws_that_hold_a_right_one(n, correct):
    for k in range(1, n + 1):
        draws = list(combinations(range(n), k))
        hold = sum(min(draw) < correct for draw in draws)  # samples 0 … correct - 1 are the right ones
        assert pass_at_k(n, correct, k) == pytest.approx(hold / len(draws))


@pytest.mark.parametrize(
    ("n", "correct", "k", "field"), [(4, 5, 1, "correct"), (4, 1, 0, "k"), (4, 1, 5, "k"), (0, 0, 1, "k")]
)
def test_what_cannot_be_is_refused(n, correct, k, field):
    with pytest.raises(ValueError, match=f"^{field}: "):
        pass_at_k(n, correct, k)


def test_the_curve_is_told_at_powers_of_two_and_at_the_end():
    assert [k for k, _ in coverage([True] + [False] * 5)] == [1, 2, 4, 6]
    assert [k for k, _ in coverage([False] * 8)] == [1, 2, 4, 8]
    assert coverage([True]) == [(1, 1.0)]
    assert coverage([]) == []
    assert coverage([True, False, False, False])[1] == (2, pytest.approx(0.5))
