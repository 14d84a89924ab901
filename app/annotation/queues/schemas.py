"""Bodies and answers of the queues' endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Field, Schema

from app.annotation.review.schemas import PathOut, ReviewOut
from app.explorer.schemas import LARGEST_SEED, Strict

MOST_ITEMS = 5_000

OrderingName = Literal["random", "convincing_wrong", "reward_vs_rollouts", "uncertain_reward"]
Username = Annotated[str, Field(min_length=1, max_length=150)]


class GoldIn(Strict):
    """The first `count` paths that `by` (`exact`, or a member of the team) has judged become gold items."""

    by: Username
    count: int = Field(ge=1, le=1000)


class QueueIn(Strict):
    """A queue over the finished runs that some sessions of one team have now.

    `ordering`: `convincing_wrong` (high reward, wrong answer), `reward_vs_rollouts` (where the two disagree most),
    `uncertain_reward` (nearest to one half), `random` (by `seed`). `blind`: annotators do not see each other's marks.
    `skipping`: what a skipped path does: not allowed, goes to others, or comes back at the end. `screening`: so many
    of the gold items come first, and who has less than `screening_pass` of their steps right gets no other path.
    """

    title: str = Field(min_length=1, max_length=200)
    sessions: list[UUID] = Field(min_length=1, max_length=200)
    ordering: OrderingName = "random"
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    limit: int = Field(default=200, ge=1, le=MOST_ITEMS)
    labels_per_item: int = Field(default=1, ge=1, le=20)
    blind: bool = True
    show_rewards: bool = False
    skipping: Literal["forbidden", "to_others", "later"] = "to_others"
    lock_minutes: int = Field(default=30, ge=1, le=1440)
    annotators: list[Username] = Field(default_factory=list, max_length=200)
    instructions: str = Field(default="", max_length=4000)
    gold: GoldIn | None = None
    screening: int = Field(default=0, ge=0, le=100)
    screening_pass: float = Field(default=0.8, ge=0, le=1)


class QueueChange(Strict):
    """Only what is sent is changed."""

    closed: bool | None = None
    annotators: list[Username] | None = Field(default=None, max_length=200)
    screening_pass: float | None = Field(default=None, ge=0, le=1)


class GoldOut(Schema):
    """On gold items: paths read, first errors found as the truth has them, steps judged and how many of them right."""

    paths: int
    first_errors: int
    steps: int
    right: int
    accuracy: float


class ScreeningOut(Schema):
    """Screening items read; `passed` is null as long as some are not."""

    read: int
    passed: bool | None


class AnnotatorOut(Schema):
    """How one person does in a queue; `seconds` is the median per item."""

    annotator: str
    readings: int
    skipped: int
    outcomes: dict[str, int]
    seconds: float | None
    gold: GoldOut | None
    screening: ScreeningOut | None


class CountsOut(Schema):
    """`items` (gold apart) and how many are `done`; `gold`; `held` now; all `readings`; `mine`; `left` for me now."""

    items: int
    done: int
    gold: int
    held: int
    readings: int
    mine: int
    left: int


class QueueOut(Schema):
    """A queue with its settings and how far it is."""

    id: UUID
    title: str
    instructions: str
    sessions: list[UUID]
    ordering: str
    seed: int
    labels_per_item: int
    blind: bool
    show_rewards: bool
    skipping: str
    lock_minutes: int
    screening: int
    screening_pass: float
    annotators: list[str]
    created_by: str | None
    created_at: datetime
    closed_at: datetime | None
    counts: CountsOut


class QueueDetail(QueueOut):
    """With each annotator's share."""

    people: list[AnnotatorOut]


class QueuePage(Schema):
    """Queues, the newest first."""

    items: list[QueueOut]
    next: str | None


class ItemOut(Schema):
    """An item as its maker sees it; `truth` makes it gold."""

    id: UUID
    run: UUID
    leaf: int
    path: list[int]
    place: int
    score: float | None
    truth: dict[str, int] | None
    screening: bool
    held_by: str | None
    readers: list[str]


class ItemPage(Schema):
    """Items in the queue's order; `next` is the place to go on from."""

    items: list[ItemOut]
    next: int | None


class TaskOut(Schema):
    """An item in front of somebody: locked for them until `held_until`. All null when there is none for them now."""

    item: UUID | None
    held_until: datetime | None
    path: PathOut | None
    counts: CountsOut


class TruthIn(Strict):
    """Ratings of the steps up to the first error; null makes the item an ordinary one."""

    ratings: dict[int, Literal[-1, 0, 1]] | None


class HeldOut(Schema):
    """Until when the lock runs."""

    held_until: datetime


class ReadOut(Schema):
    """The reading that was kept."""

    review: ReviewOut
