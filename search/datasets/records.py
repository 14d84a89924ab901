"""What the formats read into and write from: labelled paths, labelled trees, and preferences between two steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Source = Literal["human", "rollout", "exact", "model"]
SOURCES: tuple[Source, ...] = get_args(Source)
Rating = int | None
"""−1 bad, 0 neutral, 1 good; None is unmarked, which is none of these."""

Neutral = Literal["good", "bad", "half"]
NEUTRALS: tuple[Neutral, ...] = get_args(Neutral)
"""What a neutral step (rating 0: correct, but it stalls or repeats) becomes in a format without a third value: `good`
unless said otherwise, as the labelling rules call a neutral step correct; `half` writes ½ where numbers are allowed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where labels come from: what kind of source, who or which model, when (ISO 8601), and of which run."""

    source: Source = "human"
    by: str = ""
    at: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class LabelledPath:
    """A problem and a path of steps from its beginning, with a rating each.

    `values` (empty, or one per step) are estimates in [0, 1] that the right answer is reached from there. The labels of
    the first `shared` steps were written before, with another path. `fields` is what else the format's record said.
    `original` are the steps as the model cut them, where a person has cut them otherwise.
    """

    prompt: str
    steps: tuple[str, ...]
    ratings: tuple[Rating, ...]
    answer: str | None = None
    values: tuple[float | None, ...] = ()
    origin: Origin = Origin()
    shared: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)
    original: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class StepPreference:
    """Of two ways to go on after the same steps, one is better. `steps` may be empty."""

    prompt: str
    steps: tuple[str, ...]
    chosen: str
    rejected: str
    origin: Origin = Origin()


@dataclass(slots=True)
class TreeNode:
    """A step of a tree; `parent` is an earlier node's index, None for the root alone."""

    text: str
    parent: int | None
    kind: str = "step"
    ended: bool = False  # the solution is finished here
    rewards: dict[str, float] = field(default_factory=dict)
    rating: Rating = None
    answer: str | None = None
    correct: bool | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """A decision about several nodes at once, made when the tree had `size` nodes.

    `kept` and `pruned` are (node, score), the best first; `cutoff` is the score one needed to be kept.
    """

    size: int
    rule: str
    kept: tuple[tuple[int, float | None], ...]
    pruned: tuple[tuple[int, float | None], ...]
    cutoff: float | None = None


@dataclass(slots=True)
class LabelledTree:
    """A search tree: `nodes[0]` is the problem, children come after their parents. `chosen` is the answer's leaf."""

    nodes: list[TreeNode]
    answer: str | None = None
    chosen: int | None = None
    rounds: list[Round] = field(default_factory=list)
    origin: Origin = Origin()
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The problem."""
        return self.nodes[0].text

    def add(self, parent: int, text: str, **more: Any) -> int:
        """Append a node; its index."""
        self.nodes.append(TreeNode(text, parent, **more))
        return len(self.nodes) - 1

    def children(self) -> list[list[int]]:
        """Per node, the indices of its children in order."""
        below: list[list[int]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            if node.parent is not None:
                below[node.parent].append(index)
        return below

    def path(self, index: int) -> list[int]:
        """From the root to this node, both included."""
        path = [index]
        while (parent := self.nodes[path[-1]].parent) is not None:
            path.append(parent)
        return path[::-1]


@dataclass(frozen=True, slots=True)
class Journal:
    """A run's journal as it was written: the header, and the events' lines with everything they hold."""

    header: dict[str, Any]
    events: list[dict[str, Any]]


Record = LabelledPath | LabelledTree | StepPreference | Journal
