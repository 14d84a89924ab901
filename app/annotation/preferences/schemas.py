"""Bodies and answers of the preferences' endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from app.explorer.schemas import Strict

MOST_PREFERENCES = 1000


class PreferenceIn(Strict):
    """`node` is `better` or `worse` than its sibling `other`, neither is (`tie`), or: cannot be said (`unsure`).

    Null takes the judgement back.
    """

    node: int = Field(ge=1)
    other: int = Field(ge=1)
    verdict: Literal["better", "worse", "tie", "unsure"] | None


class PreferencesIn(Strict):
    """Several at once."""

    preferences: list[PreferenceIn] = Field(min_length=1, max_length=MOST_PREFERENCES)


class PreferenceOut(Schema):
    """Of two siblings, `first` the older one: which is better (`first`, `second`), `tie` or `unsure`.

    A judgement that was taken back has `verdict` null.
    """

    first: int
    second: int
    verdict: str | None
    at: datetime | None
    source: str
    model: str
    by: str | None


class PreferencesOut(Schema):
    """As they were kept, in the order sent."""

    items: list[PreferenceOut]


class PreferencePage(Schema):
    """Current preferences in the order they were given."""

    items: list[PreferenceOut]
    next: int | None
