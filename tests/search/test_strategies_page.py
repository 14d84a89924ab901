"""The page "add a strategy in 20 lines" keeps its word: its code is run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from search.algorithms import registry
from search.algorithms.base import Algorithm
from tests.search.algorithms.puzzle import path, solve, texts

PAGE = Path(__file__).parents[2] / "docs" / "strategies.md"


async def test_the_strategy_on_the_page_runs(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    scope: dict[str, object] = {"__name__": "greedy_step"}
    exec(compile(code, str(PAGE), "exec"), scope)
    strategy = scope["GreedyStep"]
    assert isinstance(strategy, type)
    assert issubclass(strategy, Algorithm)
    monkeypatch.setitem(registry(), strategy.name, strategy)
    words = {"": ["a", "b"], "b": ["c.", "d."]}
    run, _, _ = await solve("greedy_step", {"proposals": 2}, words, {"a": 0.1, "b": 0.7, "c": 0.2, "d": 0.9})
    assert path(run) == ["b", "d"]
    assert [texts(run, payload["nodes"]) for payload in run.payloads("pruned")] == [["a"], ["c"]]
