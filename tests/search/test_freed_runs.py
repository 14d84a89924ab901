"""A run that came to rest leaves nothing behind: Python looks for cycles seldom where searches run."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from search.tree import Tree
from tests.search.support.runs import header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, judge_countdown, play_countdown


@pytest.fixture
def without_the_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("budget", [{}, {"tokens": 40}])
async def test_its_tree_is_freed_with_the_last_reference(without_the_collector: None, budget: dict[str, int]) -> None:
    policy, reward = ScriptedPolicy(play_countdown), ScriptedReward(judge_countdown)
    run = await play(header("beam", {"width": 2, "proposals": 2}, budget=budget), policy=policy, reward=reward)
    tree = run.outcome.tree
    assert isinstance(tree, Tree)
    assert len(tree) > 2
    left = weakref.ref(tree)
    del run, tree
    assert left() is None
