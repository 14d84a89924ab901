"""What the API takes to make an experiment."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.explorer.schemas import LARGEST_SEED, BudgetIn, SamplingIn, Slug, Strict

MOST_PROBLEMS = 1000
"""Problems of one set; the command line has no such limit."""


class ProblemSetIn(Strict):
    """Problems of one kind: drawn for a domain, Game of 24, or `lines` of an uploaded JSONL file. Exactly one of them.

    `lines` are in GSM8K's shape (`question`, `answer … #### 18`), in that of MATH (`problem`, `solution … \\boxed{…}`),
    or plain `problem` and `answer`. `problems` may be left out there: then it is all lines.
    """

    name: str = Field(min_length=1, max_length=60)
    domain: Literal["countdown", "arithmetic"] | None = None
    size: int | None = Field(default=None, ge=2, le=12, description="Numbers per problem.")
    game24: bool = False
    lines: str | None = Field(default=None, min_length=1)
    problems: int | None = Field(default=None, ge=1, le=MOST_PROBLEMS)
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED, description="Draws other problems.")


class StrategyIn(Strict):
    """A strategy with its parameters, under the name that the tables give it."""

    name: str = Field(min_length=1, max_length=60)
    algorithm: str = Field(min_length=1, max_length=60)
    params: dict[str, Any] = Field(default_factory=dict)


class ExperimentIn(Strict):
    """Sets × strategies × budgets × seeds. `reward: null` runs without a reward model."""

    title: str = Field(max_length=200)
    team: int | None = None
    sets: list[ProblemSetIn] = Field(min_length=1, max_length=10)
    strategies: list[StrategyIn] = Field(min_length=1, max_length=12)
    budgets: list[BudgetIn] = Field(min_length=1, max_length=8)
    seeds: list[Annotated[int, Field(ge=0, le=LARGEST_SEED)]] = Field(default=[0], min_length=1, max_length=20)
    split: Literal["dev", "test"] = Field(default="dev", description="Of drawn problems; both are held out.")
    sampling: SamplingIn = SamplingIn()
    policy: Slug | None = None
    reward: Slug | None = None
