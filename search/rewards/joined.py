"""Several rewards joined into one: the logistic function of a weighted sum of their log odds.

What one was taught and what another sees for itself add up: the weights are a logistic regression's on outcomes
(stacking: "Stacked generalization", Wolpert, 1992). A folder whose espalier.json says `"kind": "joined"` names the
members' folders, relative to its own, with their weights.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from search.rewards.base import PathScore, Reward, RewardError, ScoreRequest
from search.rewards.kinds import RewardSettings

KIND = "joined"
LEAST = 1e-6
"""Scores are rounded to this; 0 and 1 count as this far from the end."""


class Member(RewardSettings):
    """One reward of a join: its folder, its convention, and what its log odds count."""

    folder: str = Field(min_length=1, description="Relative to the joined reward's folder.")
    weight: float = Field(allow_inf_nan=False)
    dtype: str = "float32"


class Join(BaseModel):
    """A joined reward's espalier.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["joined"]
    intercept: float = Field(allow_inf_nan=False)
    members: tuple[Member, ...] = Field(min_length=1, max_length=8)
    fitted: dict[str, Any] = Field(default_factory=dict, description="What the weights come from, for the reader.")

    def named_places(self, folder: Path) -> list[tuple[str, Path]]:
        """What the join makes a worker read, links followed: `(members.1.folder, where)`, calibrations likewise."""
        places = []
        for number, member in enumerate(self.members):
            place = folder / member.folder
            places.append((f"members.{number}.folder", place.resolve()))
            if member.calibration is not None:
                places.append((f"members.{number}.calibration", (place / member.calibration).resolve()))
        return places

    @model_validator(mode="after")
    def _no_judge(self) -> Join:
        if any(member.kind == "judge" and member.votes > 1 for member in self.members):
            raise ValueError("members: a judge that votes cannot be joined; give it one vote")
        return self


def read_join(folder: Path) -> Join | None:
    """The join a folder describes; None if it is not one.

    Raises:
        RewardError: it is one, and something in it cannot be; names the key.
    """
    path = folder / "espalier.json"
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None  # whoever reads it as a model's own settings says what is wrong
    if not isinstance(content, dict) or content.get("kind") != KIND:
        return None
    try:
        return Join.model_validate(content)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "as a whole"
        raise RewardError(f"{folder}: espalier.json, {where}: {first['msg']}.") from invalid


def load_join(slug: str, folder: Path, join: Join, settings: dict[str, Any]) -> JoinedReward:
    """The join with its members loaded; `settings` are those of every member's engine.

    Raises:
        RewardError: a member's folder is not there or not of its kind, or a setting is a single model's.
    """
    from search.rewards.model_reward import ModelReward  # imports torch

    if said := sorted(settings.keys() & RewardSettings.model_fields.keys()):
        raise RewardError(f"{slug}: {said[0]}: a joined reward says this for each member, in its espalier.json.")
    engine = {name: value for name, value in settings.items() if name != "runs_in"}
    if settings.get("runs_in", "transformers") != "transformers":
        raise RewardError(f"{slug}: runs_in: a joined reward's members run in transformers.")
    members = []
    for member in join.members:
        place = (folder / member.folder).resolve()
        if not (place / "config.json").is_file():
            raise RewardError(f"{slug}: members: there is no folder {member.folder!r} with a config.json beside it.")
        followed = RewardSettings.model_validate(member.model_dump(exclude={"folder", "weight", "dtype"}))
        members.append(ModelReward(f"{slug}: {place.name}", place, followed, **{"dtype": member.dtype, **engine}))
    return JoinedReward(slug, join, members)


class JoinedReward:
    """A join of loaded rewards (see `Reward`); one request is one reward call, whatever number of members it asks."""

    def __init__(self, slug: str, join: Join, members: Sequence[Reward]) -> None:
        """`members` in the order of the join's.

        Raises:
            RewardError: a member scores the path as a whole, so that there is no log odds for each step.
        """
        self._slug, self._join, self._members = slug, join, list(members)
        for member in members:
            if member.describe().get("grain", "step") != "step":
                raise RewardError(f"{slug}: {member.name} scores whole paths; join rewards that score every step.")

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps: the first member's way of reading, and every member with its weight."""
        described = [member.describe() for member in self._members]
        weights = [member.weight for member in self._join.members]
        hashed = json.dumps([[one["weights_sha256"] for one in described], weights, self._join.intercept])
        return {
            **described[0],
            "slug": self._slug,
            "kind": KIND,
            "weights_sha256": hashlib.sha256(hashed.encode()).hexdigest(),
            "rerun_exact": all(one.get("rerun_exact", False) for one in described),
            "intercept": self._join.intercept,
            "members": [{"weight": weight, **one} for weight, one in zip(weights, described, strict=True)],
        }

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """One result per request, in their order; `tokens` counts what all members read."""
        return [self._join_path(paths) for paths in await self.score_members(requests)]

    async def score_members(self, requests: Sequence[ScoreRequest]) -> list[tuple[PathScore, ...]]:
        """What every member says of each request, in the members' order."""
        asked = await asyncio.gather(*(member.score(requests) for member in self._members))
        return list(zip(*asked, strict=True))

    def _join_path(self, paths: tuple[PathScore, ...]) -> PathScore:
        weights = [member.weight for member in self._join.members]
        steps = tuple(
            joined_score(self._join.intercept, weights, scores)
            for scores in zip(*(path.steps for path in paths), strict=True)
        )
        return PathScore(steps, sum(path.tokens for path in paths))


def joined_score(intercept: float, weights: Sequence[float], scores: Sequence[float]) -> float:
    """The logistic function of the intercept and the weighted log odds of scores in [0, 1], rounded to 1e-6."""
    total = intercept + sum(weight * log_odds(score) for weight, score in zip(weights, scores, strict=True))
    return round(1 / (1 + math.exp(-max(-40.0, min(40.0, total)))), 6)


def log_odds(score: float) -> float:
    """The log odds (nats) of a score in [0, 1], 0 and 1 kept `LEAST` away from the ends."""
    inside = min(max(score, LEAST), 1 - LEAST)
    return math.log(inside / (1 - inside))
