"""The page "add a strategy in 20 lines" keeps its word: the code on it is a strategy that is there and runs."""

from __future__ import annotations

import re
from pathlib import Path

from tests.search.algorithms.puzzle import path, solve, texts

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "strategies.md"


async def test_the_strategy_on_the_page_is_the_one_that_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code == (ROOT / "search" / "algorithms" / "greedy_step.py").read_text()
    words = {"": ["a", "b"], "b": ["c.", "d."]}
    run, _, _ = await solve("greedy_step", {"proposals": 2}, words, {"a": 0.1, "b": 0.7, "c": 0.2, "d": 0.9})
    assert path(run) == ["b", "d"]
    assert [texts(run, payload["nodes"]) for payload in run.payloads("pruned")] == [["a"], ["c"]]
