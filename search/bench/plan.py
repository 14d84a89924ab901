"""What a benchmark is asked to do, validated before anything runs: problem sets × strategies × budgets × seeds."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from search.bench.pool import RULES
from search.spec import EMBEDDED, BudgetSpec, SamplingSpec, Strict, field_errors

NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._+=()-]*$"
"""Names become folder names of kept journals."""


class BadPlan(ValueError):
    """The plan asks for something that cannot be run; the message names the field and the mend."""


class ProblemSet(Strict):
    """Problems of one kind: generated for a domain, Game of 24, or read from a file. Exactly one of the three."""

    name: str = Field(min_length=1, max_length=60, pattern=NAME)
    domain: Literal["countdown", "arithmetic"] | None = None
    size: int | None = Field(default=None, ge=2, le=12, description="Numbers per problem (operations + 1).")
    game24: bool = False
    file: str | None = Field(default=None, description="JSONL with problem and answer, or a CSV with Puzzles.")
    problems: int = Field(default=100, ge=1, le=100_000)
    seed: int = Field(
        default=0, ge=0, lt=2**53, exclude_if=lambda seed: seed == 0,
        description="Draws other problems. Left out where it is 0: results from before there were seeds can go on.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_source(self) -> ProblemSet:
        if sum((self.domain is not None, self.game24, self.file is not None)) != 1:
            raise PydanticCustomError("source", "name exactly one of domain, game24 and file")
        if self.domain == "countdown" and self.size is not None and not 3 <= self.size <= 6:
            raise PydanticCustomError("size", "Countdown problems have 3 to 6 numbers")
        if self.domain == "arithmetic" and self.size is not None and self.size > 9:
            raise PydanticCustomError("size", "Arithmetic problems are drawn with 2 to 9 numbers (1 to 8 operations)")
        if self.domain is None and self.size is not None:
            raise PydanticCustomError("size", "a size goes with a domain")
        if self.file is not None and self.seed:
            raise PydanticCustomError("seed", "a file is read from its beginning; a seed draws problems of the others")
        return self


class Strategy(Strict):
    """A strategy under the name the report gives it. `per_budget` holds one value per budget for parameters that
    grow with it; `budgets` and `sampling` are its own in place of the plan's; `sets` are patterns such as `countdown*`.
    """

    name: str = Field(min_length=1, max_length=60, pattern=NAME)
    algorithm: str
    params: dict[str, Any] = {}
    per_budget: dict[str, list[Any]] = {}
    budgets: list[BudgetSpec] | None = Field(default=None, min_length=1)
    sampling: SamplingSpec | None = None
    sets: list[str] = ["*"]


class TableChoices(Strict):
    """What the table of `search.bench.table` compares, chosen on dev.

    `pool` names the strategy of repeated sampling; `plain` is the rule without a reward, `selected` the best one that
    asks the reward, `weighted` the weighted vote, and `samples` at how many samples votes are taken.
    """

    pool: str
    plain: str
    selected: str
    weighted: str
    samples: list[int] = Field(min_length=1, max_length=8)
    search_sets: list[str]
    vote_sets: list[str]

    @field_validator("plain", "selected", "weighted")
    @classmethod
    def _known(cls, rule: str) -> str:
        if rule not in RULES:
            raise PydanticCustomError("rule", "there is no such rule; there are: {rules}", {"rules": ", ".join(RULES)})
        return rule


class Plan(Strict):
    """A whole benchmark."""

    split: Literal["dev", "test"] = "dev"
    sets: list[ProblemSet] = Field(min_length=1, max_length=50)
    strategies: list[Strategy] = Field(min_length=1, max_length=200)
    budgets: list[BudgetSpec] = Field(default=[BudgetSpec()], min_length=1, max_length=50)
    seeds: list[int] = Field(default=[0], min_length=1, max_length=1000)
    sampling: SamplingSpec = SamplingSpec()
    policy: str = EMBEDDED
    reward: str | None = EMBEDDED
    chosen_with: dict[str, str] | None = Field(
        default=None, description="Weight hashes (policy, reward) of the models these settings were chosen with on dev."
    )
    table: TableChoices | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        for what, names in (("sets", [s.name for s in self.sets]), ("strategies", [s.name for s in self.strategies])):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise PydanticCustomError("twice", "{what}: {name} is there twice", {"what": what, "name": min(twice)})
        if self.table is not None and self.table.pool not in [strategy.name for strategy in self.strategies]:
            raise PydanticCustomError("pool", "table.pool: no strategy is named {name}", {"name": self.table.pool})
        if len(set(self.seeds)) < len(self.seeds):
            raise PydanticCustomError("seeds", "seeds: one of them is there twice")
        for strategy in self.strategies:
            budgets = self.budgets_of(strategy)
            if len({budget.model_dump_json() for budget in budgets}) < len(budgets):
                raise PydanticCustomError("budgets", "{name}: a budget is there twice", {"name": strategy.name})
            for name, values in strategy.per_budget.items():
                if len(values) != len(budgets):
                    raise PydanticCustomError(
                        "per_budget",
                        "{strategy}: per_budget.{name} has {values} values for {budgets} budgets; give one for each",
                        {"strategy": strategy.name, "name": name, "values": len(values), "budgets": len(budgets)},
                    )
            if not any(self.takes(strategy, some) for some in self.sets):
                raise PydanticCustomError("sets", "{name}: no problem set fits its sets", {"name": strategy.name})
        return self

    def budgets_of(self, strategy: Strategy) -> list[BudgetSpec]:
        """The budgets a strategy runs at."""
        return self.budgets if strategy.budgets is None else strategy.budgets

    @staticmethod
    def takes(strategy: Strategy, some: ProblemSet) -> bool:
        """True if the strategy runs on that set."""
        return any(fnmatchcase(some.name, pattern) for pattern in strategy.sets)

    def shortened(self, problems: int) -> Plan:
        """The same with at most that many problems a set."""
        sets = [some.model_copy(update={"problems": min(some.problems, problems)}) for some in self.sets]
        return self.model_copy(update={"sets": sets})


def read_plan(path: Path) -> Plan:
    """A plan from a JSON file.

    Raises:
        BadPlan: it cannot be read or asks for the impossible.
    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadPlan(f"{path}: the plan cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise BadPlan(said(error, f"{path}: ")) from error


def said(error: ValidationError, before: str = "") -> str:
    """A validation error in lines of `field: message`."""
    return "\n".join(f"{before}{entry['field']}: {entry['message']}" for entry in field_errors(error))
