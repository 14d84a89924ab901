"""Figures of papers: slopes, prices and curves worked out by hand; every figure's plan is one that can be run."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from search.bench.cells import cells
from search.bench.curves import Measured
from search.bench.plan import read_plan
from search.bench.problem_sets import problems_of
from search.bench.recreate import FIGURES, figure_text
from search.bench.recreated_pools import coverage, imperfect_verifier
from search.bench.recreated_search import Curve, _best_of_shares
from search.bench.results import BadResults, Results
from search.cli import main
from tests.search.bench.rows import ROWS, header, row, sample

RIGHT, WRONG, LIKED = sample("r", True, 0.8, True), sample("w", False, 0.4, False), sample("l", False, 0.9, False)


def curve(*shares: float) -> Curve:
    """One problem, solved that much at 100, 200, 400, … tokens."""
    return Curve("c", [np.array([share]) for share in shares], [np.array([100.0 * 2**i]) for i in range(len(shares))])


def test_a_slope_is_per_doubling_and_a_price_is_read_between_budgets():
    some = curve(0.2, 0.3, 0.4)
    assert some.slope() == pytest.approx(0.1)
    assert some.tokens_for(0.3) == 200
    assert some.tokens_for(0.35) == pytest.approx(200 * math.sqrt(2))  # half-way in the logarithm
    assert math.isnan(some.tokens_for(0.5))
    assert math.isnan(some.tokens_for(0.1))
    assert curve(0.2, 0.1, 0.4).tokens_for(0.2) == 100  # what was reached once is reached


def test_the_chance_of_each_rank_to_be_the_best_of_two():
    assert _best_of_shares(4, 2).tolist() == [0, 1 / 6, 2 / 6, 3 / 6]
    assert _best_of_shares(4, 1).tolist() == [0.25] * 4


def test_coverage_and_what_selection_makes_of_it():
    rows = [
        row("sampling", 0, True, 40, 4, pool=[RIGHT] * 4),
        row("sampling", 1, False, 40, 4, pool=[WRONG] * 3 + [RIGHT]),
    ]
    head, covered, votes, best = coverage(Measured("set", rows))
    # pass@k of the second problem: 1/4, 1 − 3/4 · 2/3, 1
    assert head[:4] == ["n =", "1", "2", "4"]
    assert covered[:4] == ["coverage", "62.5", "75.0", "100.0"]
    assert (votes[3], best[3]) == ("50.0", "100.0")


def test_a_verifier_that_likes_a_wrong_answer_wants_few_samples():
    rows = [row("sampling", i, False, 40, 4, pool=[RIGHT] * 3 + [LIKED]) for i in range(3)]
    last = imperfect_verifier(Measured("set", rows))[1]
    assert last[:2] == ["best of n (last)", "1"]  # of four, the liked one always wins
    assert last[4].startswith("0.0 %")


@pytest.mark.parametrize("plan", sorted({some.plan for some in FIGURES.values()}))
def test_every_plan_can_be_run_and_is_of_the_dev_split(plan):
    settings = next(some.settings for some in FIGURES.values() if some.plan == plan)
    read = read_plan(settings).shortened(1)
    assert read.split == "dev"
    assert len(list(cells(read, {some.name: problems_of(some, read.split) for some in read.sets}))) >= 4


@pytest.mark.parametrize("name", FIGURES)
def test_results_that_lack_what_a_figure_compares_are_refused(name: str, tmp_path: Path):
    path = tmp_path / "results.jsonl"
    with Results(path, header()) as results:
        results.append(ROWS[-1])
    with pytest.raises(BadResults, match="run it again"):
        figure_text(name, path)


def test_one_results_file_does_not_hold_all_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said before anything is run."""
    results = tmp_path / "all.jsonl"
    assert main(["bench", "recreate", "all", "--results", str(results)]) == 2
    assert "--results names one file" in capsys.readouterr().err
    assert not results.exists()
