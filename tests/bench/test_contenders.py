"""Our own contender of the peer benchmark, against a policy that this process serves."""

from __future__ import annotations

import pytest

from app.bench.contenders import espalier
from app.bench.contenders.task import BUDGET, CALLS, MOST_STEPS, Found, match, problems, right
from search.models import load_policy
from search.serving.app import ServingApp
from tests.support.http import serving


@pytest.mark.parametrize("strategy", ["beam", "mcts"])
def test_a_turn_reports_what_it_spent_within_the_budget(strategy: str) -> None:
    policy = load_policy("embedded")
    asked = problems(2)
    with serving(ServingApp(policy)) as address:
        (report,) = espalier.compete(f"{address}/v1", policy.name, [strategy], asked, 2)
    most = CALLS if strategy == "mcts" else BUDGET * MOST_STEPS
    assert (report.strategy, report.problems) == (strategy, 2)
    assert 0 < report.calls <= 2 * most
    assert report.calls < report.tokens
    assert report.seconds > 0


def test_solved_counts_right_answers_only() -> None:
    asked = ["2 3 4 -> 24", "2 3 4 -> 24", "2 3 4 -> 24"]
    solved = ("2 * 3 = 6 (left: 4 6)", "4 * 6 = 24 (left: 24)")
    found = [Found(solved, 2, 30), Found(("2 + 3 = 5 (left: 4 5)", "4 * 5 = 20 (left: 20)"), 2, 30), Found(None, 9, 90)]
    assert right(asked[0], solved)
    assert (match("beam", 1.0, asked, found).solved, match("beam", 1.0, asked, found).tokens) == (1, 150)
