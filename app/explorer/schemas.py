"""What the API takes. Unknown fields are refused: a misspelt option must not be ignored in silence."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field, field_validator

LONGEST_PROBLEM = 20_000
LARGEST_SEED = 2**53 - 1  # what a browser's numbers hold exactly

Slug = Annotated[str, Field(min_length=1, max_length=120)]


class Strict(Schema):
    """Base of all request bodies."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="after")
    @classmethod
    def _no_nul(cls, value: Any) -> Any:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("contains a NUL character; send plain text")
        return value


class ProblemIn(Strict):
    """The problem; `verifier` is inferred from the text where it is left out."""

    text: str = Field(min_length=1, max_length=LONGEST_PROBLEM)
    answer: str | None = Field(default=None, max_length=2000)
    verifier: str | None = Field(default=None, max_length=40)


class SamplingIn(Strict):
    """How tokens are drawn; what is left out comes from the policy's settings."""

    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_step_tokens: int | None = Field(default=None, ge=1, le=4096)
    stop: list[Annotated[str, Field(min_length=1, max_length=32)]] | None = Field(
        default=None, min_length=1, max_length=8
    )


class BudgetIn(Strict):
    """Caps; null is no cap. With no cap at all the default budget applies."""

    tokens: int | None = Field(default=None, ge=1, le=10**9)
    policy_calls: int | None = Field(default=None, ge=1, le=10**8)
    reward_calls: int | None = Field(default=None, ge=1, le=10**8)
    nodes: int | None = Field(default=None, ge=2, le=10**7, description="The problem itself is a node too.")
    seconds: float | None = Field(default=None, gt=0, le=604_800)


class RunIn(Strict):
    """A run; only `problem` and `algorithm` are required. `reward: null` runs without a reward model.

    `reward` drives the search; what `also_rewards` say of the same nodes is recorded beside it, and counted.
    """

    problem: ProblemIn
    algorithm: str = Field(min_length=1, max_length=60)
    params: dict[str, Any] = Field(default_factory=dict)
    policy: Slug | None = None
    reward: Slug | None = None
    also_rewards: list[Slug] = Field(default_factory=list, max_length=8)
    sampling: SamplingIn = SamplingIn()
    budget: BudgetIn = BudgetIn()
    seed: int | None = Field(default=None, ge=0, le=LARGEST_SEED)


class SessionIn(Strict):
    """A new session; without `team` it goes to your personal one."""

    title: str = Field(max_length=200)
    tags: list[str] = Field(default_factory=list, max_length=20)
    team: int | None = None


class SessionChange(Strict):
    """What should change."""

    title: str | None = Field(default=None, max_length=200)
    tags: list[str] | None = Field(default=None, max_length=20)
    archived: bool | None = None


class CommandIn(Strict):
    """A command; the same `id` is carried out once, however often it is sent."""

    id: UUID | None = None


class ExpandIn(CommandIn):
    """Ask the policy for `n` more children of the node."""

    n: int = Field(default=1, ge=1, le=64)


class TextIn(CommandIn):
    """The step in the person's words (edit), or what the policy shall keep in mind below the node (hint)."""

    text: str = Field(min_length=1, max_length=2000)


class RaiseIn(CommandIn):
    """Caps to raise; null lifts a cap. Caps that are not named stay."""

    budget: BudgetIn


class ForkCommand(Strict):
    """A first command to the fork, such as restoring what was pruned."""

    kind: str = Field(description="expand, prune, restore, edit or hint")
    node: int = Field(ge=0)
    text: str | None = Field(default=None, max_length=2000)
    n: int | None = Field(default=None, ge=1, le=64)


class ForkChange(Strict):
    """What is different in the fork; everything else is as in the run it comes from."""

    command: ForkCommand | None = None
    algorithm: str | None = Field(default=None, min_length=1, max_length=60)
    params: dict[str, Any] | None = None
    policy: Slug | None = None
    reward: Slug | None = None
    sampling: SamplingIn | None = None
    budget: BudgetIn | None = None
    seed: int | None = Field(default=None, ge=0, le=LARGEST_SEED)


class ForkIn(Strict):
    """Fork after event `at` (the whole journal, if left out)."""

    at: int | None = Field(default=None, ge=1)
    change: ForkChange = ForkChange()
