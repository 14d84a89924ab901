"""No strategy without its tests: a tree by hand, its budget, its replay. (`test_hands` steers every one of them.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from search.algorithms import registry
from tests.search.support import merging
from tests.search.test_replay_properties import TRIED

NAMES = sorted(name for name in registry() if name != merging.Merging.name)
OF_ALL = ("test_hands.py", Path(__file__).name)


def test_replays_and_budgets_are_tried_at_random_with_every_strategy():
    assert sorted({name for name, _ in TRIED}) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_tests_plays_it_by_hand(name):
    named = [
        path.name
        for path in Path(__file__).parent.glob("test_*.py")
        if path.name not in OF_ALL and f'"{name}"' in path.read_text(encoding="utf-8")
    ]
    assert named
