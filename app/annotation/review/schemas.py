"""Bodies and answers of the labelling page's endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Field, Schema

from app.annotation.api import LabelIn, StepLabelOut
from app.annotation.cuts.schemas import CutOut
from app.annotation.preferences.schemas import PreferenceOut
from app.explorer.schemas import Strict

MOST_LABELS = 1000
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class NodeLabelIn(LabelIn):
    """A mark with the node it is about."""

    node: int = Field(ge=0)


class LabelsIn(Strict):
    """Several marks at once."""

    labels: list[NodeLabelIn] = Field(min_length=1, max_length=MOST_LABELS)


class LabelsOut(Schema):
    """The marks as they were kept, in the order sent."""

    items: list[StepLabelOut]


class ReviewIn(Strict):
    """The end of a reading. Without `outcome` the marks say what it is."""

    outcome: Literal["bad_problem", "give_up"] | None = None
    comment: str = Field(default="", max_length=4000)
    seconds: Seconds = 0
    step_seconds: dict[int, Seconds] = Field(default_factory=dict, max_length=20_000)


class ReviewOut(Schema):
    """A reading of a path: `solution`, `found_error`, `bad_problem` or `give_up`, and how long it took."""

    run: UUID
    leaf: int
    outcome: str
    comment: str
    seconds: float
    step_seconds: dict[str, float]
    by: str
    at: datetime


class OwnLabel(Schema):
    """The caller's own mark."""

    rating: int | None
    unsure: bool
    tags: list[str]
    comment: str
    at: datetime


class StepOut(Schema):
    """A step; `rewards` is null where they are hidden while labelling."""

    node: int
    text: str
    label: OwnLabel | None
    rewards: dict[str, float] | None


class PathStepOut(StepOut):
    """A step of the path, with the other ways that were tried at this place."""

    siblings: list[StepOut]


class PathOut(Schema):
    """A path to read; `tags` are the standard ones and those the team has used, `preferences` and `cuts` your own."""

    run: UUID
    session: UUID
    leaf: int
    problem: str
    reference: str | None
    steps: list[PathStepOut]
    preferences: list[PreferenceOut]
    cuts: list[CutOut]
    review: ReviewOut | None
    tags: list[str]


class NextPath(Schema):
    """Where the next unread path of the run ends; null when every path was read."""

    leaf: int | None


class SubmittedOut(Schema):
    """The reading, and where the next unread path of the run ends."""

    review: ReviewOut
    next: int | None
