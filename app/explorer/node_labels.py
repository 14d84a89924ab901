"""The place where labels join the nodes. The explorer knows nothing of annotation, so annotation registers itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app.explorer.models import Run
from app.teams.principals import Principal

OwnLabels = Callable[[Principal, Run, Sequence[int]], dict[int, dict[str, Any]]]
"""(who asks, run, node indices) → their own label per node."""
AllLabels = Callable[[Principal, Run, int], list[dict[str, Any]]]
"""(who asks, run, node index) → the current labels of it that they may see."""

_own: list[OwnLabels] = []
_all: list[AllLabels] = []


def register(*, own: OwnLabels, everybody: AllLabels) -> None:
    """Called once, when the annotation app is ready."""
    _own.append(own)
    _all.append(everybody)


def own_labels(principal: Principal, run: Run, indices: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The caller's own label of each of these nodes that has one."""
    return {index: label for source in _own for index, label in source(principal, run, indices).items()}


def all_labels(principal: Principal, run: Run, index: int) -> list[dict[str, Any]]:
    """The current labels of a node that this reader may see."""
    return [label for source in _all for label in source(principal, run, index)]
