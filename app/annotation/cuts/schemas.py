"""Bodies and answers of the cuts' endpoints."""

from __future__ import annotations

from typing import Literal

from ninja import Field, Schema

from app.annotation.api import StepLabelOut
from app.explorer.schemas import Strict

MOST_CUTS = 500
MOST_PARTS = 200


class PartIn(Strict):
    """A piece of the text up to character `end` (code points), with its own mark."""

    end: int = Field(ge=1)
    rating: Literal[-1, 0, 1] | None = None
    unsure: bool = False


class CutIn(Strict):
    """How a node is cut: whether its first part goes on with the step before, and into which parts it falls.

    Without either, it is as the model wrote it.
    """

    node: int = Field(ge=1)
    joined: bool = False
    parts: list[PartIn] = Field(default_factory=list, max_length=MOST_PARTS)


class CutsIn(Strict):
    """Several at once."""

    cuts: list[CutIn] = Field(min_length=1, max_length=MOST_CUTS)


class CutOut(Schema):
    """A cut as it is kept."""

    node: int
    joined: bool
    parts: list[PartIn]


class KeptCut(CutOut):
    """With the label that a divided node has as a whole."""

    label: StepLabelOut | None


class CutsOut(Schema):
    """The cuts as they were kept, in the order sent."""

    items: list[KeptCut]


class CutList(Schema):
    """One's own cuts of a run."""

    items: list[CutOut]
    next: None = None
