"""Beliefs about scores: the posteriors by hand, the draws against independent computations."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.posteriors import Beta, NormalInverseChiSquare, beta_cdf, inverse_beta, student_t
from search.randomness import uniforms


def test_the_normal_inverse_chi_square_posterior_by_hand():
    belief = NormalInverseChiSquare()
    assert belief.parameters() == {"m": 0.0, "kappa": 1.0, "nu": 1.0, "tau2": 0.1, "n": 0}
    belief.observe(0.2)
    belief.observe(0.9)
    # mean .55, Σ(x − mean)² = 2 · .35² = .245; τ² = (1 · .1 + .245 + 2 · 1 · .55² / 3) / 3
    found = belief.parameters()
    assert (found["kappa"], found["nu"], found["n"]) == (3.0, 3.0, 2)
    assert found["m"] == pytest.approx(1.1 / 3)
    assert found["tau2"] == pytest.approx((0.1 + 0.245 + 0.605 / 3) / 3)


@given(
    st.lists(st.floats(-5, 5), max_size=30), st.floats(-2, 2), st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0.01, 4)
)
def test_scores_one_by_one_are_the_scores_at_once(scores, m, kappa, nu, tau2):
    belief = NormalInverseChiSquare(m, kappa, nu, tau2)
    for score in scores:
        belief.observe(score)
    n, mean = len(scores), float(np.mean(scores)) if scores else 0.0
    squares = float(np.sum((np.array(scores) - mean) ** 2)) + kappa * n / (kappa + n) * (mean - m) ** 2
    found = belief.parameters()
    assert found["m"] == pytest.approx((kappa * m + n * mean) / (kappa + n), abs=1e-9)
    assert found["tau2"] == pytest.approx((nu * tau2 + squares) / (nu + n), rel=1e-9)


def _apart(draws: list[float], cdf) -> float:
    """The Kolmogorov–Smirnov distance of draws from a distribution."""
    found = np.array([float(cdf(x)) for x in sorted(draws)])
    steps = np.arange(len(found) + 1) / len(found)
    return float(max(np.max(steps[1:] - found), np.max(found - steps[:-1])))


@pytest.mark.parametrize("nu", [1.0, 2.5, 40.0])
def test_draws_of_students_t_follow_its_distribution(nu):
    def cdf(x: float) -> float:
        below = mpmath.betainc(nu / 2, 0.5, 0, nu / (nu + x * x), regularized=True) / 2
        return below if x < 0 else 1 - below

    u, v = uniforms(1, "u", count=2000), uniforms(1, "v", count=2000)
    draws = [student_t(nu, float(a), float(b)) for a, b in zip(u, v, strict=True)]
    assert _apart(draws, cdf) < 1.63 / math.sqrt(2000)  # 1 % of true samples are farther off


def test_the_gaussian_beliefs_draws_are_a_normal_with_an_inverse_chi_square_variance():
    belief = NormalInverseChiSquare()
    for score in (0.3, 0.8, 0.7):
        belief.observe(score)
    stream = iter(uniforms(2, "draws", count=40_000))
    ours = np.sort([belief.draw(lambda: float(next(stream))) for _ in range(20_000)])
    p, rng = belief.parameters(), np.random.default_rng(7)
    variance = p["nu"] * p["tau2"] / rng.chisquare(p["nu"], 200_000)
    theirs = np.sort(rng.normal(p["m"], np.sqrt(variance / p["kappa"])))
    apart = np.max(np.abs(np.searchsorted(theirs, ours) / len(theirs) - np.arange(len(ours)) / len(ours)))
    assert apart < 1.63 * math.sqrt(1 / 20_000 + 1 / 200_000)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.5, 300), st.floats(0.5, 300), st.floats(1e-6, 1 - 1e-6))
def test_the_incomplete_beta_function_and_its_inverse_agree_with_mpmath(a, b, x):
    assert beta_cdf(x, a, b) == pytest.approx(float(mpmath.betainc(a, b, 0, x, regularized=True)), abs=1e-12)
    found = inverse_beta(x, a, b)
    assert float(mpmath.betainc(a, b, 0, found, regularized=True)) == pytest.approx(x, abs=1e-9)


def test_inverses_known_in_closed_form():
    for u in (0.0, 1e-9, 0.1, 0.5, 0.99):
        assert inverse_beta(u, 1.0, 1.0) == pytest.approx(u)
        assert inverse_beta(u, 0.5, 0.5) == pytest.approx(math.sin(math.pi * u / 2) ** 2)  # Jeffreys' arcsine law
        assert inverse_beta(u, 3.0, 1.0) == pytest.approx(u ** (1 / 3))


def test_the_beta_posterior_by_hand_and_its_bounds():
    belief = Beta()
    for score in (0.25, 1.0, 0.0):
        belief.observe(score)
    assert belief.parameters() == {"alpha": 1.75, "beta": 2.25, "n": 3}
    with pytest.raises(ValueError, match=r"from 0 to 1 and was given 1\.5: choose belief = gaussian"):
        belief.observe(1.5)
