"""What a program of one's own says of its search while it runs: operations on the tree, in order."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from app.explorer.schemas import ProblemIn, Strict
from app.explorer.shapes import RunOut

MOST_OPERATIONS = 1_000
Index = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class RecordingIn(Strict):
    """A run that a program of yours writes. `program` is what the page calls it; `reward` the score that drives it."""

    problem: ProblemIn
    program: str = Field(default="a program", min_length=1, max_length=120)
    reward: str | None = Field(default=None, max_length=120)


class Add(Strict):
    """A new node; `node` is the number it gets, counted from 1 (0 is the problem)."""

    op: Literal["add"]
    node: int = Field(ge=1)
    parent: Index
    text: str = Field(max_length=200_000)
    kind: Literal["step", "answer", "plan", "critique", "revision", "human"] = "step"
    rewards: dict[Name, Number] = Field(default_factory=dict, max_length=20)
    ended: bool = False
    tokens: int = Field(default=0, ge=0, le=10**7)
    answer: str | None = Field(default=None, max_length=10_000)
    correct: bool | None = None


class Score(Strict):
    """Rewards of a node, by source."""

    op: Literal["score"]
    node: Index
    rewards: dict[Name, Number] = Field(min_length=1, max_length=20)


class Decide(Strict):
    """Nodes that were pruned or kept by a rule, the best first; `cutoff` is the score one needed to be kept."""

    op: Literal["prune", "keep"]
    nodes: list[tuple[Index, Number | None]] = Field(min_length=1, max_length=10_000)
    rule: Name
    cutoff: Number | None = None
    of: int | None = Field(default=None, ge=1)


class BackUp(Strict):
    """A value that counts for the node and everything above it: visits grow by one, values are means."""

    op: Literal["back_up"]
    node: Index
    value: Number


class Finish(Strict):
    """The end. `node` is the leaf that was answered with; `error` says that the program failed."""

    op: Literal["finish"]
    node: Index | None = None
    answer: str | None = Field(default=None, max_length=10_000)
    correct: bool | None = None
    error: str | None = Field(default=None, max_length=2_000)


Operation = Annotated[Add | Score | Decide | BackUp | Finish, Field(discriminator="op")]


class OperationsIn(Strict):
    """A batch. `after` is the sequence the last answer named: a batch that is sent again is not carried out again."""

    lease: UUID
    after: int = Field(ge=1)
    operations: list[Operation] = Field(default_factory=list, max_length=MOST_OPERATIONS)


class RecordingOut(Schema):
    """A run to be written, the lease that allows it, and the sequence to go on after."""

    run: RunOut
    lease: UUID
    head: int
    lease_seconds: int


class HeadOut(Schema):
    """Durable up to here."""

    head: int
    nodes: int
