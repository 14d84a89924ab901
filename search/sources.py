"""The rewards of a run: one drives the search, others may be recorded beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.calibration import Calibration, Estimate
from search.rewards.base import Grain, Reward
from search.tree import Node


@dataclass(frozen=True, slots=True)
class RolloutPlan:
    """How a node's rollout value is found: `completions` continuations of at most `max_steps` steps."""

    completions: int
    max_steps: int


@dataclass(frozen=True, slots=True)
class Source:
    """One reward as its header describes it; `reward` may be None where the journal answers every effect.

    `plan` is set for a value that comes from rollouts of the run's own policy instead of a reward model;
    `calibration` turns a raw score into a probability of success, and stands beside it.
    """

    name: str
    drives: bool
    grain: Grain = "step"
    calls_per_path: int = 1
    plan: RolloutPlan | None = None
    calibration: Calibration | None = None
    reward: Reward | None = None

    @classmethod
    def of(cls, described: dict[str, Any], reward: Reward | None, *, drives: bool) -> Source:
        """The source that a header's `reward`, or an entry of its `also_rewards`, describes."""
        rollouts, calibration = described.get("rollouts"), described.get("calibration")
        return cls(
            name=described["slug"],
            drives=drives,
            grain=described.get("grain", "step"),
            calls_per_path=described.get("calls_per_path", 1),
            plan=None if rollouts is None else RolloutPlan(**rollouts),
            calibration=None if calibration is None else Calibration.of(calibration),
            reward=reward,
        )

    def success(self, node: Node) -> Estimate | None:
        """The probability of success at a node with its interval; None if it is unscored or nothing was fitted."""
        score = node.rewards.get(self.name)
        return None if self.calibration is None or score is None else self.calibration(score)

    def unscored(self, nodes: Sequence[Node]) -> list[Node]:
        """The nodes this source has yet to score, each once. Pruned ones and steps that were cut off do not count:
        neither can be continued nor chosen. Notes are no steps."""
        todo = {
            node.index: node
            for node in nodes
            if (node.reward is None if self.drives else self.name not in node.rewards)
            and not (node.status == "pruned" or node.dead or node.note)
        }
        return list(todo.values())


def sources_of(
    header: dict[str, Any], reward: Reward | None, also_rewards: Sequence[Reward] | None
) -> tuple[Source, ...]:
    """Every reward of a run, the driving one first; without the models where they are not given."""
    if header["reward"] is None:
        return ()
    others = header.get("also_rewards", [])
    models: Sequence[Reward | None] = also_rewards or [None] * len(others)
    return (
        Source.of(header["reward"], reward, drives=True),
        *(Source.of(described, model, drives=False) for described, model in zip(others, models, strict=True)),
    )
