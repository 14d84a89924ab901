"""What the API answers about experiments."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema

from app.explorer.shapes import ChartOut


class ExperimentOut(Schema):
    """An experiment: `preparing` (a worker makes its runs), `running`, `completed`, `cancelled` or `failed` (`error`).

    `total` runs are planned, `states` counts those there are; `measured` finished ones have a row, of which `shown` are
    in the results. `plan` is complete: every default is filled in.
    """

    id: UUID
    session: UUID
    title: str
    state: str
    error: str | None
    total: int
    states: dict[str, int]
    measured: int
    shown: int
    plan: dict[str, Any]
    created_at: datetime
    created_by: str | None


class ExperimentPage(Schema):
    """A page of experiments."""

    items: list[ExperimentOut]
    next: str | None


class EstimateOut(Schema):
    """A value with its 95 % interval over `count` problems; null where it is not finite."""

    value: float | None
    low: float | None
    high: float | None
    count: int


class FailureCount(Schema):
    """How many runs failed like this: never generated, pruned (by `rule`), not selected, not found, unsolvable."""

    kind: str
    rule: str
    count: int


class PointOut(Schema):
    """One strategy at one budget; costs are means per problem. `on_front`: nothing is better at its price."""

    strategy: str
    budget: str
    runs: int
    accuracy: EstimateOut
    coverage: EstimateOut
    tokens: float
    reward_calls: float
    tokens_per_solved: EstimateOut
    on_front: bool
    failures: list[FailureCount]


class DifferenceOut(EstimateOut):
    """How much more `one` solves than `other` at the same budget, paired by problem, with a bootstrap interval."""

    one: str
    other: str
    budget: str


class SetResults(Schema):
    """The results on one problem set."""

    name: str
    points: list[PointOut]
    differences: list[DifferenceOut]
    charts: list[ChartOut]


class ResultsOut(Schema):
    """Results as of `shown` finished runs."""

    sets: list[SetResults]
    shown: int


class CellOut(Schema):
    """One run of the plan; `failure` is `{kind, rule?, pruned_right?}` once it is measured and wrong."""

    number: int
    run: UUID
    set: str
    text: str
    strategy: str
    budget: str
    seed: int
    state: str
    error: str | None
    answer: str | None
    correct: bool | None
    tokens: int
    failure: dict[str, Any] | None


class CellPage(Schema):
    """A page of cells; give `next` back as `after`."""

    items: list[CellOut]
    next: int | None
