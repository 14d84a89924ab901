"""A plan is whole or refused with the field that is wrong; the command line makes the same plans."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.bench.cells import cells
from search.bench.plan import BadPlan, Plan, read_plan
from search.bench.problem_sets import Problem
from search.bench.table import TABLE
from search.cli import main

SETS = [{"name": "easy", "domain": "countdown", "size": 4, "problems": 2}, {"name": "hard", "domain": "arithmetic"}]
BEAM = {"name": "beam", "algorithm": "beam", "per_budget": {"width": [2, 4]}, "sets": ["eas*"]}
PROBLEMS = {"easy": [Problem("3 5 7 11 -> 24"), Problem("1 5 8 9 -> 36")], "hard": [Problem("(2 + 3) * 4")]}


def plan(**changes: Any) -> dict[str, Any]:
    return {
        "sets": SETS,
        "strategies": [BEAM, {"name": "one", "algorithm": "greedy", "budgets": [{}]}],
        "budgets": [{"tokens": 100}, {"tokens": 200}],
        "seeds": [3, 4],
        **changes,
    }


def test_cells_are_every_combination_problem_by_problem() -> None:
    found = list(cells(Plan.model_validate(plan()), PROBLEMS))
    # On each easy problem beam at two budgets and greedy at one, two seeds each; on the hard one greedy alone.
    assert len(found) == 2 * (2 + 1) * 2 + 2
    assert [cell.problem for cell in found] == [0] * 8 + [1] * 6
    assert len({cell.id for cell in found}) == len(found)
    assert found[0].id == "easy/0/beam/tokens=100/3"
    assert [(cell.spec.params["width"], cell.spec.budget.tokens) for cell in found[:4:2]] == [(2, 100), (4, 200)]
    assert found[4].budget == "no cap"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": [{**BEAM, "per_budget": {"width": [2]}}]}, "beam: per_budget.width has 1 values for 2 budgets"),
        ({"strategies": [BEAM, BEAM]}, "strategies: beam is there twice"),
        ({"strategies": [{**BEAM, "sets": ["none"]}]}, "beam: no problem set fits its sets"),
        ({"budgets": [{"tokens": 5}, {"tokens": 5}]}, "beam: a budget is there twice"),
        ({"seeds": [1, 1]}, "seeds: one of them is there twice"),
        ({"sets": [{"name": "x"}]}, "sets.0: name exactly one of domain, game24 and file"),
        ({"sets": [{"name": "x", "domain": "countdown", "size": 7}]}, "Countdown problems have 3 to 6 numbers"),
        ({"sets": [{"name": "../x", "domain": "countdown"}]}, "sets.0.name"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"budgets": [{"tokens": 0}]}, "budgets.0.tokens"),
    ],
)
def test_a_wrong_plan_is_refused_by_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan(**changes)))
    with pytest.raises(BadPlan, match=message.replace(".", r"\.").replace("[", r"\[")):
        read_plan(path)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ({"name": "x", "algorithm": "magic"}, "x, easy problem 1: algorithm: there is no such algorithm; there are: "),
        ({"name": "x", "algorithm": "beam", "params": {"width": 0}}, "x, easy problem 1: params.width: "),
    ],
)
def test_what_a_strategy_cannot_do_is_found_before_anything_runs(strategy: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPlan) as refused:
        list(cells(Plan.model_validate(plan(strategies=[strategy])), PROBLEMS))
    assert str(refused.value).startswith(message)


def test_the_committed_table_is_a_plan_with_a_thousand_problems_a_domain() -> None:
    table = read_plan(TABLE)
    for domain in ("countdown", "arithmetic"):
        assert sum(some.problems for some in table.sets if some.domain == domain) >= 1000
    assert table.table is not None
    assert sum(some.problems for some in table.shortened(7).sets) == 7 * len(table.sets)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "countdown:5"], "name at least one --set and one --strategy"),
        (["--set", "sudoku", "--strategy", "beam"], "--set sudoku: name countdown, arithmetic, game24 or a file"),
        (["--set", "countdown:x", "--strategy", "beam"], "--set countdown:x: write DOMAIN"),
        (["--set", "countdown:5:2", "--strategy", "beam width"], "write 'width' as PARAMETER=VALUE"),
        (["--set", "countdown:5:2", "--strategy", "beam wide=3"], "params.wide: Extra inputs are not permitted"),
        (["--set", "none.jsonl:2", "--strategy", "beam"], "none.jsonl: the file cannot be read"),
        (["--set", "game24:2", "--strategy", "beam"], "Game of 24 is test as a whole"),
        (["--set", "countdown", "--strategy", "beam", "--tokens", "9", "--reward-calls", "9"], "budgets of one kind"),
        (["--plan", "p.json", "--seeds", "1"], "--seeds and --plan do not go together"),
        (["--plan", "none.json"], "none.json: the plan cannot be read"),
    ],
)
def test_the_command_line_names_what_is_wrong(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.jsonl"
    assert main(["bench", "run", "--results", str(results), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not results.exists()


def test_a_report_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "report", str(tmp_path / "none.jsonl")]) == 2
    assert "the results cannot be read" in capsys.readouterr().err
