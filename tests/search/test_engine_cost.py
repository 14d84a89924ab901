"""What the engine costs per node: that it is measured on whole trees, and does not grow with them."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any

import pytest

from search.engine_cost import ReadyPolicy, ReadyReward, measure_cost
from search.policies.base import Sampling, StepRequest
from search.rewards.base import ScoreRequest


def lines_per_node(nodes: int, params: dict[str, Any]) -> float:
    """How many lines of Python a node took, whatever else the machine does; a turn of a loop counts like a line."""
    count = 0

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        measure_cost(nodes, params={"simulations": nodes, **params})
    finally:
        sys.settrace(before)
    return count / nodes


@pytest.mark.parametrize("rule", ["uct", "puct", "frontier"])
def test_a_tree_eight_times_as_large_takes_at_most_half_as_much_again_per_node(rule):
    small, large = lines_per_node(250, {"rule": rule}), lines_per_node(2000, {"rule": rule})
    assert large < 1.5 * small


def test_the_measured_tree_is_whole_and_the_collector_is_left_as_it_was():
    thresholds = gc.get_threshold()
    cost = measure_cost(400)
    assert cost.nodes == 400
    assert 0 < cost.average < 100
    assert 0 < cost.at_size < 100
    assert gc.get_threshold() == thresholds


async def test_the_ready_models_answer_every_request_with_what_they_have():
    policy, reward = ReadyPolicy(), ReadyReward()
    asked = [StepRequest("p", 1, f"0.{i}", 64, Sampling()) for i in range(5000)]
    samples = await policy.generate(asked)
    assert (len(samples), {sample.tokens for sample in samples}, {s.finish for s in samples}) == (5000, {16}, {"step"})
    scores = await reward.score([ScoreRequest("p", ("a",) * n, False) for n in (1, 7)])
    assert [len(path.steps) for path in scores] == [1, 7]
    assert all(0 <= score < 1 for path in scores for score in path.steps)
