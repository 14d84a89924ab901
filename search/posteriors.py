"""Conjugate beliefs about scores, and exact draws from them: what Thompson sampling needs.

Parameters as in "Wider or Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search" (Inoue et
al., 2025). A draw is a fixed transform of uniform numbers, so that a seed fixes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Uniform = Callable[[], float]
"""Gives numbers in [0, 1)."""

PRECISION = 1e-14
MOST_TERMS = 10_000
SMALLEST = 1e-300


class Belief(Protocol):
    """What is believed about the score that an action will lead to."""

    def observe(self, score: float) -> None:
        """Take one score into account."""
        ...

    def draw(self, uniform: Uniform) -> float:
        """A score drawn from the belief."""
        ...

    def parameters(self) -> dict[str, float]:
        """The posterior's parameters by name, plain JSON."""
        ...


@dataclass(slots=True)
class NormalInverseChiSquare:
    """σ² ~ χ⁻²(ν, τ²) and score ~ N(m, σ²/κ): for scores without bounds.

    The fields up to `tau2` are the prior. Scores are kept as their number, mean and sum of squared deviations
    ("Note on a Method for Calculating Corrected Sums of Squares and Products", Welford, 1962).
    """

    m: float = 0.0
    kappa: float = 1.0
    nu: float = 1.0
    tau2: float = 0.1
    count: int = 0
    mean: float = 0.0
    deviations: float = 0.0

    def observe(self, score: float) -> None:
        """Any finite score."""
        self.count += 1
        before = score - self.mean
        self.mean += before / self.count
        self.deviations += before * (score - self.mean)

    def draw(self, uniform: Uniform) -> float:
        """Student's t with ν degrees of freedom, shifted by m, scaled by τ/√κ; from two uniform numbers."""
        now = self.parameters()
        return now["m"] + math.sqrt(now["tau2"] / now["kappa"]) * student_t(now["nu"], uniform(), uniform())

    def parameters(self) -> dict[str, float]:
        """m, κ, ν, τ² after `n` scores."""
        kappa, nu = self.kappa + self.count, self.nu + self.count
        apart = self.count * self.kappa * (self.m - self.mean) ** 2 / kappa
        return {
            "m": (self.kappa * self.m + self.count * self.mean) / kappa,
            "kappa": kappa,
            "nu": nu,
            "tau2": (self.nu * self.tau2 + self.deviations + apart) / nu,
            "n": self.count,
        }


@dataclass(slots=True)
class Beta:
    """score ~ Beta(α, β), for scores in [0, 1]: a score r counts as r successes and 1 − r failures."""

    alpha: float = 0.5
    beta: float = 0.5
    count: int = 0

    def observe(self, score: float) -> None:
        """Raises ValueError for a score outside [0, 1], and names the mend."""
        if not 0.0 <= score <= 1.0:
            raise ValueError(f"a Beta belief needs scores from 0 to 1 and was given {score}: choose belief = gaussian")
        self.count += 1
        self.alpha += score
        self.beta += 1.0 - score

    def draw(self, uniform: Uniform) -> float:
        """By inverse CDF, from one uniform number."""
        return inverse_beta(uniform(), self.alpha, self.beta)

    def parameters(self) -> dict[str, float]:
        """α, β after `n` scores."""
        return {"alpha": self.alpha, "beta": self.beta, "n": self.count}


def student_t(nu: float, u: float, v: float) -> float:
    """A draw of Student's t with `nu` degrees of freedom from two uniform numbers in [0, 1).

    "Polar Generation of Random Variates with the t-Distribution" (Bailey, 1994): exact, and rejects nothing.
    """
    return math.sqrt(nu * math.expm1(-2.0 / nu * math.log1p(-u))) * math.cos(2.0 * math.pi * v)


def inverse_beta(u: float, a: float, b: float) -> float:
    """The x with `beta_cdf(x, a, b)` = `u`: Newton's steps on log(x/(1 − x)), halving the bracket if one leaves it."""
    if u <= 0.0:
        return 0.0
    low, high, x = 0.0, 1.0, a / (a + b)
    log_norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(100):
        off = beta_cdf(x, a, b) - u
        if abs(off) <= PRECISION * u:
            break
        if off > 0.0:
            high = x
        else:
            low = x
        slope = math.exp(log_norm + a * math.log(x) + b * math.log1p(-x))  # of the CDF over log(x/(1 − x))
        odds = x / (1.0 - x) * math.exp(max(-30.0, min(30.0, -off / slope if slope > 0.0 else -off * math.inf)))
        following = odds / (1.0 + odds)
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - x) <= PRECISION * x:
            return following
        x = following
    return x


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_cdf(1.0 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a * _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """1/(1 + d₁/(1 + d₂/(1 + …))), evaluated from the front by Lentz's method as Thompson and Barnett changed it."""
    value, numerator, denominator = 1.0, 1.0, 0.0
    for term in range(MOST_TERMS):
        m = term // 2
        if term == 0:
            d = 1.0
        elif term % 2 == 0:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        denominator = 1.0 / _off_zero(1.0 + d * denominator)
        numerator = _off_zero(1.0 + d / numerator)
        value *= numerator * denominator
        if term and abs(numerator * denominator - 1.0) < 1e-15:
            break
    return value - 1.0


def _off_zero(value: float) -> float:
    return value if abs(value) > SMALLEST else SMALLEST
