"""What a selection rule makes of a pool of finished paths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from search.aggregation import Aggregation
from search.gate import Answer
from search.tree import Node, Tree

Need = Literal["reward", "certainty"]


@dataclass(frozen=True, slots=True)
class Selection:
    """`paths`: the candidates the rule counted, best first, each with its number (None: it has none).

    `detail`: what else has to be seen to follow the rule; plain JSON.
    """

    answer: Answer
    paths: list[tuple[Node, float | None]]
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """The rules' parameters where one pool is re-scored by many; the strategies have their own.

    `aggregation` of step scores, `power` of Borda votes by certainty, how many of the `first` finished vote.
    """

    aggregation: Aggregation = "last"
    power: float = 0.5
    first: int = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it can be asked for by name.

    `needs` is what the pool's paths must carry; `counts`: it goes by the number of votes, weights only break ties.
    """

    name: str
    title: str
    paper: str
    apply: Callable[[Tree, Settings], Selection]
    needs: Need | None = None
    counts: bool = False
