"""Every run of a plan: problem × strategy × budget × seed, as validated run specifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from search.bench.plan import BadPlan, Plan, said
from search.bench.problem_sets import Problem
from search.spec import BudgetSpec, ProblemSpec, RunSpec

MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Cell:
    """One run of the benchmark. `id` names it in the results file and stays the same on a resume."""

    set: str
    problem: int
    strategy: str
    budget: str
    seed: int
    spec: RunSpec

    @property
    def id(self) -> str:
        """Set, problem, strategy, budget and seed."""
        return f"{self.set}/{self.problem}/{self.strategy}/{self.budget}/{self.seed}"


def budget_label(budget: BudgetSpec) -> str:
    """`tokens=1000`, or `no cap`."""
    caps = [(name, value) for name, value in budget.model_dump().items() if value is not None]
    return " ".join(f"{name}={value:.15g}" for name, value in caps) or "no cap"


def cells(plan: Plan, problems: Mapping[str, Sequence[Problem]]) -> Iterator[Cell]:
    """Every run, problem by problem: what is stopped early has compared all strategies on the same problems, and the
    truth about a problem's partial solutions is worked out once for all of them.

    Raises:
        BadPlan: a strategy's parameters or a problem do not fit; exhaust the iterator before anything runs.
    """
    longest = max(len(some) for some in problems.values())
    for index in range(longest):
        for name, some in problems.items():
            if index < len(some):
                yield from _cells_of(plan, name, index, some[index])


def _cells_of(plan: Plan, name: str, index: int, problem: Problem) -> Iterator[Cell]:
    here = next(some for some in plan.sets if some.name == name)
    for strategy in plan.strategies:
        if not plan.takes(strategy, here):
            continue
        for number, budget in enumerate(plan.budgets_of(strategy)):
            params = {**strategy.params, **{key: values[number] for key, values in strategy.per_budget.items()}}
            for seed in plan.seeds:
                try:
                    spec = RunSpec(
                        problem=ProblemSpec(text=problem.text, answer=problem.answer, verifier=problem.verifier),
                        algorithm=strategy.algorithm,
                        params=params,
                        policy=plan.policy,
                        reward=plan.reward,
                        sampling=strategy.sampling or plan.sampling,
                        budget=budget,
                        seed=seed,
                    )
                except ValidationError as error:
                    raise BadPlan(said(error, f"{strategy.name}, {name} problem {index + 1}: ")) from error
                yield Cell(name, index, strategy.name, budget_label(budget), seed, spec)
