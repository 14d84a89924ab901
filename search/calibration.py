"""From a raw reward to a probability of success with an interval, fitted on nodes whose outcome is known.

Raw process rewards overestimate how often a path comes right ("Know What You Don't Know: Uncertainty Calibration of
Process Reward Models", Park et al., 2025). Two fits: isotonic regression ("Predicting Good Probabilities with
Supervised Learning", Niculescu-Mizil and Caruana, 2005) by pooling adjacent violators, and quantile bins. The interval
of a block or bin is Wilson's score interval for its share of successes; a block's borders are chosen by the same data,
so its coverage is nominal. A calibrated value stands beside a raw score, never in its place.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

Method = Literal["isotonic", "quantile"]
METHODS: tuple[Method, ...] = get_args(Method)
FORMAT = "espalier calibration"
CONFIDENCE = 0.95
Z = 1.959963984540054  # the normal distribution's quantile at 0.975
FEWEST = 20
"""Labelled nodes below which nothing is fitted: the intervals would say that nothing is known."""


class CalibrationError(ValueError):
    """A calibration cannot be fitted, read or used; the message says why and what to do."""


class Labelled(NamedTuple):
    """One node: its raw score, the share of successes (0 or 1 for a single outcome), and of how many trials."""

    score: float
    outcome: float
    trials: float = 1.0


class Knot(NamedTuple):
    """The calibrated value at a raw score: probability of success and its interval."""

    score: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A probability of success with its 95 % interval."""

    p: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """A fit for one reward. `knots` ascend in score; between two, values are interpolated linearly, at a score with two
    knots (a bin's border) the upper one holds, beyond the ends the last value does."""

    method: Method
    source: str
    weights_sha256: str | None
    outcome: str
    knots: tuple[Knot, ...]
    labelled: int
    mean_score: float
    mean_outcome: float

    def __call__(self, score: float) -> Estimate:
        """The estimate for a raw score."""
        above = bisect_right(self.knots, score, key=lambda knot: knot.score)
        if above == 0 or above == len(self.knots):
            return Estimate(*self.knots[above - 1 if above else 0][1:])
        left, right = self.knots[above - 1], self.knots[above]
        share = (score - left.score) / (right.score - left.score)
        return Estimate(*(a + share * (b - a) for a, b in zip(left[1:], right[1:], strict=True)))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the data it was fitted on: what a run's header keeps."""
        return {
            "method": self.method,
            "source": self.source,
            "weights_sha256": self.weights_sha256,
            "outcome": self.outcome,
            "confidence": CONFIDENCE,
            "counts": {
                "labelled": self.labelled,
                "mean_score": self.mean_score,
                "mean_outcome": self.mean_outcome,
            },
            "knots": [list(knot) for knot in self.knots],
        }

    @classmethod
    def of(cls, values: dict[str, Any]) -> Calibration:
        """The calibration that `as_dict` describes.

        Raises:
            CalibrationError: something is missing or out of range; names it.
        """
        try:
            knots = tuple(Knot(*map(float, knot)) for knot in values["knots"])
            counts = values["counts"]
            read = cls(
                method=values["method"],
                source=values["source"],
                weights_sha256=values["weights_sha256"],
                outcome=values["outcome"],
                knots=knots,
                labelled=int(counts["labelled"]),
                mean_score=float(counts["mean_score"]),
                mean_outcome=float(counts["mean_outcome"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CalibrationError(f"the calibration lacks or misspells {error}; fit it anew") from error
        if read.method not in METHODS:
            raise CalibrationError(f"method: there is no {read.method!r}; one of {', '.join(METHODS)}")
        if not knots or any(left.score > right.score for left, right in pairwise(knots)):
            raise CalibrationError("knots: there must be some, ascending in score; fit it anew")
        if not all(0 <= value <= 1 for knot in knots for value in knot[1:]):
            raise CalibrationError("knots: a probability lies outside 0 to 1; fit it anew")
        return read


def fit(
    data: Iterable[Labelled],
    method: Method,
    *,
    source: str,
    weights_sha256: str | None = None,
    outcome: str = "reachable",
    bins: int = 10,
) -> Calibration:
    """Fit labelled scores. `bins` is for quantile bins: at most so many, with as equal counts as ties allow.

    Raises:
        CalibrationError: too few labelled nodes, a score that is no number, or outcomes that are all the same.
    """
    ordered = sorted(data)
    if len(ordered) < FEWEST:
        raise CalibrationError(f"{len(ordered)} labelled nodes are too few to fit; give at least {FEWEST}")
    for entry in ordered:
        if not math.isfinite(entry.score) or not 0 <= entry.outcome <= 1 or not entry.trials > 0:
            raise CalibrationError(f"a labelled node is out of range: {entry}")
    trials = math.fsum(entry.trials for entry in ordered)
    successes = math.fsum(entry.outcome * entry.trials for entry in ordered)
    if successes in (0, trials):
        raise CalibrationError(
            f"all labelled nodes {'fail' if successes == 0 else 'succeed'}; add journals in which some do not"
        )
    groups = [_pooled(list(same)) for _, same in groupby(ordered, key=lambda entry: entry.score)]
    blocks = _violators_pooled(groups) if method == "isotonic" else _bins(groups, bins, trials)
    return Calibration(
        method=method,
        source=source,
        weights_sha256=weights_sha256,
        outcome=outcome,
        knots=tuple(_level_knots(blocks) if method == "isotonic" else _binned_knots(blocks)),
        labelled=len(ordered),
        mean_score=math.fsum(entry.score * entry.trials for entry in ordered) / trials,
        mean_outcome=successes / trials,
    )


@dataclass(frozen=True, slots=True)
class _Block:
    """Neighbouring scores that share one estimate."""

    lowest: float
    highest: float
    successes: float
    trials: float

    @property
    def p(self) -> float:
        return self.successes / self.trials

    def joined(self, other: _Block) -> _Block:
        return _Block(self.lowest, other.highest, self.successes + other.successes, self.trials + other.trials)


def _pooled(same: Sequence[Labelled]) -> _Block:
    score = same[0].score
    return _Block(score, score, math.fsum(e.outcome * e.trials for e in same), math.fsum(e.trials for e in same))


def _violators_pooled(groups: Iterable[_Block]) -> list[_Block]:
    """Least squares among non-decreasing functions: neighbours in the wrong order are pooled until none is."""
    blocks: list[_Block] = []
    for block in groups:
        while blocks and blocks[-1].p >= block.p:
            block = blocks.pop().joined(block)
        blocks.append(block)
    return blocks


def _bins(groups: Sequence[_Block], count: int, trials: float) -> list[_Block]:
    """Runs of neighbouring scores; one ends where the trials so far reach its share of all."""
    bins: list[_Block] = []
    seen, open_bin = 0.0, False
    for block in groups:
        if open_bin:
            bins[-1] = bins[-1].joined(block)
        else:
            bins.append(block)
        seen += block.trials
        open_bin = seen < trials * len(bins) / count * (1 - 1e-12)
    return bins


def _level_knots(blocks: Sequence[_Block]) -> list[Knot]:
    """Level over each block, a line from one block to the next."""
    knots = []
    for block in blocks:
        level = (block.p, *wilson(block.successes, block.trials))
        knots.append(Knot(block.lowest, *level))
        if block.highest > block.lowest:
            knots.append(Knot(block.highest, *level))
    return knots


def _binned_knots(blocks: Sequence[_Block]) -> list[Knot]:
    """A step halfway between one bin's highest score and the next one's lowest."""
    borders = [(left.highest + right.lowest) / 2 for left, right in pairwise(blocks)]
    knots = []
    for block, low, high in zip(blocks, [blocks[0].lowest, *borders], [*borders, blocks[-1].highest], strict=True):
        level = (block.p, *wilson(block.successes, block.trials))
        knots += [Knot(low, *level), Knot(high, *level)]
    return knots


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Wilson's 95 % score interval ("Probable Inference, the Law of Succession, and Statistical Inference", 1927)."""
    p, square = successes / trials, Z * Z
    middle = (p + square / (2 * trials)) / (1 + square / trials)
    half = Z / (1 + square / trials) * math.sqrt(p * (1 - p) / trials + square / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def write(calibration: Calibration, data: Sequence[Labelled], journals: Sequence[str], path: Path) -> None:
    """Store a calibration with what it was fitted on: `data` is [score, share of successes, trials] per node."""
    document = {
        "format": FORMAT,
        "version": 1,
        **calibration.as_dict(),
        "journals": list(journals),
        "data": [list(entry) for entry in data],
    }
    path.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> Calibration:
    """The calibration of a file.

    Raises:
        CalibrationError: the file cannot be read or is no calibration; names the file.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CalibrationError(f"{path}: {error}. Fit one with `python -m search calibrate`.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CalibrationError(f"{path}: this is no calibration. Fit one with `python -m search calibrate`.")
    try:
        return Calibration.of(document)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from error
