"""Agreement of annotators: Cohen's kappa, Krippendorff's alpha, and how often two name the same first error.

Sources: Cohen, A Coefficient of Agreement for Nominal Scales (1960); Krippendorff, Content Analysis (2004), ch. 11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Codes = Mapping[str, Mapping[Hashable, int]]
"""Annotator → unit → code. A unit that somebody did not judge is missing there."""

Level = Literal["nominal", "ordinal"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators on the `units` both have judged; `kappa` is None where chance alone would agree entirely."""

    first: str
    second: str
    units: int
    same: int
    kappa: float | None


def pairs(codes: Codes) -> list[Pair]:
    """Every two annotators who have judged something in common, by name."""
    names = sorted(codes)
    return [
        pair
        for place, first in enumerate(names)
        for second in names[place + 1 :]
        if (pair := _pair(first, second, codes)).units
    ]


def cohen_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """κ = (p_o − p_e) / (1 − p_e), unweighted, of two equally long lists of codes.

    None for empty lists, and where both give one and the same code throughout: then there is no chance to correct for.
    """
    count = len(first)
    if not count:
        return None
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    expected = sum(first.count(code) * second.count(code) for code in set(first)) / count**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(codes: Codes, level: Level) -> float | None:
    """α = 1 − D_o / D_e over all annotators; units judged by fewer than two people do not count.

    `ordinal` weighs a confusion by how many judgements lie between the two codes, `nominal` takes all alike. None where
    no unit was judged twice, or every judgement that counts is the same (α is then undefined).
    """
    judged = Counter((unit, code) for own in codes.values() for unit, code in own.items())
    people = Counter(unit for own in codes.values() for unit in own)
    shared = {unit: row for row, unit in enumerate(unit for unit, count in people.items() if count > 1)}
    values = sorted({code for unit, code in judged if unit in shared})
    if len(values) < 2:
        return None
    counts = np.zeros((len(shared), len(values)))  # how often a unit got a code
    for (unit, code), times in judged.items():
        if unit in shared:
            counts[shared[unit], values.index(code)] = times
    weights = 1 / (counts.sum(axis=1) - 1)
    coincidences = (counts * weights[:, None]).T @ counts - np.diag((counts * weights[:, None]).sum(axis=0))
    totals = coincidences.sum(axis=1)
    distances = _distances(totals, level)
    expected = totals @ distances @ totals / (totals.sum() - 1)
    return 1 - float((coincidences * distances).sum() / expected)


def _distances(totals: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """δ² between any two codes; ordinal: the judgements from one code up to the other, the two ends counted by half."""
    if level == "nominal":
        return 1 - np.eye(len(totals))
    middle = np.cumsum(totals) - totals / 2
    return np.asarray((middle[:, None] - middle[None, :]) ** 2)


def _pair(first: str, second: str, codes: Codes) -> Pair:
    shared = [unit for unit in codes[first] if unit in codes[second]]
    ours = [codes[first][unit] for unit in shared]
    theirs = [codes[second][unit] for unit in shared]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    return Pair(first, second, len(shared), same, cohen_kappa(ours, theirs))
