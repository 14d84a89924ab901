"""Weights, effective sample size and the resampling schemes of sequential Monte Carlo.

Sources: Douc and Cappé, "Comparison of resampling schemes for particle filtering" (2005), for the four schemes that may
copy a particle; Fearnhead and Clifford, "On-line inference for hidden Markov models via particle filters" (2003), for
the one without replacement; Kong, Liu and Wong, "Sequential imputations and Bayesian missing data problems" (1994), for
the effective sample size.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

Scheme = Literal["multinomial", "systematic", "stratified", "residual"]

CLIP = 1e-7
"""Rewards are kept this far from 0 and 1 before the logit."""


def logit(reward: float) -> float:
    """log(r / (1 − r)) of a reward clipped to [1e-7, 1 − 1e-7]."""
    clipped = min(max(reward, CLIP), 1.0 - CLIP)
    return math.log(clipped / (1.0 - clipped))


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Weights ∝ exp(logit / temperature) that sum to 1."""
    top = max(logits)
    weights = [math.exp((x - top) / temperature) for x in logits]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def effective_sample_size(weights: Sequence[float]) -> float:
    """1 / Σ w² of normalised weights: between 1 and their number."""
    return 1.0 / math.fsum(weight * weight for weight in weights)


def offspring(weights: Sequence[float], n: int, scheme: Scheme, draw: Callable[[], float]) -> list[int]:
    """How many of the n new particles descend from each old one. `draw` gives uniform numbers in [0, 1)."""
    if scheme == "multinomial":
        return _count(weights, [draw() for _ in range(n)])
    if scheme == "stratified":
        return _count(weights, [(i + draw()) / n for i in range(n)])
    if scheme == "systematic":
        start = draw()
        return _count(weights, [(i + start) / n for i in range(n)])
    # Residual: floor(n·w) copies are certain (1e-12: a whole number may come out a hair below itself).
    certain = [math.floor(n * weight + 1e-12) for weight in weights]
    rest = n - sum(certain)
    if rest == 0:
        return certain
    left = [max(0.0, n * weight - copies) for weight, copies in zip(weights, certain, strict=True)]
    total = math.fsum(left)
    drawn = _count([weight / total for weight in left], [draw() for _ in range(rest)])
    return [copies + more for copies, more in zip(certain, drawn, strict=True)]


def threshold(weights: Sequence[float], n: int) -> float:
    """The c with Σ min(1, w/c) = n: of particles thinned to n, those above c stay, the others count for c if they stay.

    0 where at most n weights are positive: nobody has to go.
    """
    ordered = sorted(weights, reverse=True)
    if sum(weight > 0 for weight in ordered) <= n:
        return 0.0
    for kept in range(n):
        c = math.fsum(ordered[kept:]) / (n - kept)
        if ordered[kept] <= c:
            return c
    raise ArithmeticError(f"no threshold leaves {n} of {len(ordered)} weights")


def thinned(weights: Sequence[float], n: int, draw: Callable[[], float]) -> list[int]:
    """1 for each particle that stays, 0 for each that goes: at most n stay, each with probability min(1, w/c).

    The weights above the threshold c all stay; the rest share the remaining places by systematic resampling, whose
    step no single one of them fills.
    """
    c = threshold(weights, n)
    if c == 0.0:
        return [int(weight > 0) for weight in weights]
    stays = [int(weight > c) for weight in weights]
    rest = [0.0 if stay else weight for stay, weight in zip(stays, weights, strict=True)]
    total, places, start = math.fsum(rest), n - sum(stays), draw()
    drawn = _count([weight / total for weight in rest], [(i + start) / places for i in range(places)])
    return [stay + lucky for stay, lucky in zip(stays, drawn, strict=True)]


def without_replacement(logits: Sequence[float], temperature: float, n: int, draw: Callable[[], float]) -> list[int]:
    """The indices of `n` different entries (all, if there are fewer), one draw each, ∝ exp(logit / temperature).

    The weights are worked out anew among what is left: however cold, the draw goes by rank and never by underflow.
    """
    left = list(range(len(logits)))
    drawn: list[int] = []
    while left and len(drawn) < n:
        weights = softmax([logits[i] for i in left], temperature)
        mark, place = draw(), 0
        while place < len(left) - 1 and mark >= weights[place]:
            mark -= weights[place]
            place += 1
        drawn.append(left.pop(place))
    return drawn


def _count(weights: Sequence[float], points: Sequence[float]) -> list[int]:
    """How many points of [0, 1) fall into each weight's interval."""
    edges = list(accumulate(weights))
    last = max(i for i, weight in enumerate(weights) if weight > 0)
    counts = [0] * len(weights)
    for point in points:
        counts[min(bisect_right(edges, point), last)] += 1
    return counts
