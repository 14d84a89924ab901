"""How the step scores of a path become one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from search.tree import Node, Tree

Aggregation = Literal["last", "min", "prod", "mean", "max"]

_RULES: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda scores: scores[-1],
    "min": min,
    "prod": math.prod,
    "mean": lambda scores: math.fsum(scores) / len(scores),
    "max": max,
}


def aggregate(scores: Sequence[float], how: Aggregation) -> float:
    """`scores` in order of the steps, at least one."""
    return _RULES[how](scores)


def path_reward(tree: Tree, leaf: Node, how: Aggregation) -> float | None:
    """The aggregate over the scored steps from the root to `leaf`; None if none is scored."""
    if how == "last" and leaf.reward is not None:
        return leaf.reward
    scores = [step.reward for step in tree.step_ends(leaf) if step.reward is not None]
    return aggregate(scores, how) if scores else None
