"""Models: what there is, how one is asked, and trying it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from app.config.errands import WatchedErrand, errand_cancel, errand_look_after
from app.config.problems import Absent, Conflict
from app.explorer.access import principal_of, user_of, visible
from app.explorer.models import Run
from app.explorer.schemas import LONGEST_PROBLEM, Strict
from app.registry.details import details
from app.registry.models import LanguageModel, ModelTrial
from app.registry.selectors import models_listed
from app.registry.trials import trial_create, trial_ring
from app.registry.uses import uses_of
from app.teams.permissions import is_admin, visible_to

router = Router(tags=["models"])
Kind = Literal["policy", "reward"]
Watched = TypeVar("Watched", bound=WatchedErrand)


class ModelOut(Schema):
    """A policy or reward model. `domains` empty: it reads any problem; `ready` false: its weights are not there yet."""

    slug: str
    title: str
    kind: str
    engine: str
    default: bool
    domains: list[str]
    examples: list[str]
    ready: bool


class ModelList(Schema):
    """All of them; there is never a next page."""

    items: list[ModelOut]
    next: None = None


class LastTrial(Schema):
    """How the newest trial of a model went, whoever asked."""

    state: str
    at: datetime


class ModelDetail(ModelOut):
    """How it is asked (`template`, `delimiter`, `sampling`), what is wrong with it (`trouble`), and who uses it.

    `runs` counts those you may see, `under_way` those of them that wait or run. `added`: an admin added it by page or
    API. `location` and `configuration` (the settings it was added with) are for admins.
    """

    template: dict[str, Any] | None
    delimiter: str | None
    sampling: dict[str, Any] | None
    location: str | None
    added: bool
    configuration: dict[str, Any] | None
    trouble: str | None
    last_trial: LastTrial | None
    runs: int
    under_way: int
    last_run_at: datetime | None


class UsedBy(Schema):
    """One that names the model; `url` is its page."""

    title: str
    state: str
    at: datetime
    url: str


class UseOut(Schema):
    """One kind of use (`runs`, `experiments`, `trainings`, `labelling jobs`): counted, the newest ones listed."""

    what: str
    count: int
    under_way: int
    items: list[UsedBy]


class TrialIn(Strict):
    """What to ask: a policy continues the `steps`, a reward scores them."""

    problem: str = Field(min_length=1, max_length=LONGEST_PROBLEM)
    steps: list[Annotated[str, Field(min_length=1, max_length=4000)]] = Field(default_factory=list, max_length=64)


class Stage(Schema):
    """A stage of something that a worker does: what it has `told`; `seconds` is null before its end."""

    name: str
    begun: bool
    told: str | None
    seconds: float | None


class TrialOut(Schema):
    """A trial: `queued`, `running` (it may have to load), `completed` (`result`), `failed` (`error`) or `cancelled`.

    `result`: `{model, input, seconds}` and `prompt_tokens` (0: only the server knows), `samples: [{text, finish,
    tokens, logprob}]` of a policy or `scores` of a reward.
    """

    id: UUID
    kind: str
    slug: str
    state: str
    stages: list[Stage]
    error: str | None
    result: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


def cancelled(errand: Watched) -> Watched:
    """The errand, cancelled. Raises Conflict where it was over before."""
    if not errand_cancel(errand):
        raise Conflict("It is over: there is nothing to cancel.")
    errand.refresh_from_db()
    return errand


@router.get("/models", response=ModelList, summary="Configured policies and reward models")
def models(request: HttpRequest) -> dict[str, Any]:
    """What a run can name as `policy` and `reward`."""
    return {"items": models_listed(visible_to(principal_of(request), LanguageModel))}


@router.get("/models/{kind}/{slug}/uses", response=list[UseOut], summary="Who uses a model")
def uses(request: HttpRequest, kind: Kind, slug: str) -> list[dict[str, Any]]:
    """Runs, experiments, trainings and labelling jobs that name it, as far as you may see them: newest first."""
    principal = principal_of(request)
    found = visible_to(principal, LanguageModel).filter(kind=kind, slug=slug).first()
    if found is None:
        raise Absent(f"There is no {kind} {slug!r}; GET /api/v1/models lists them.")
    return uses_of(found, principal)


@router.get("/models/{kind}/{slug}", response=ModelDetail, summary="One model")
def model(request: HttpRequest, kind: Kind, slug: str) -> dict[str, Any]:
    """Its template and step delimiter, whether it is in order, and how many of your runs name it."""
    principal = principal_of(request)
    offered = visible_to(principal, LanguageModel)
    found = details(offered, visible_to(principal, Run), admin=is_admin(principal), only=(kind, slug))
    if not found:
        raise Absent(f"There is no {kind} {slug!r}; GET /api/v1/models lists them.")
    return found[0]


@router.post("/models/{kind}/{slug}/trials", response={201: TrialOut}, summary="Try a model")
def try_model(request: HttpRequest, kind: Kind, slug: str, trial: TrialIn) -> Status:
    """A worker loads it as a run would, and asks it once; nothing is stored in any session. Ask GET /trials/{id}."""
    user = user_of(request)
    found = visible_to(user, LanguageModel).filter(kind=kind, slug=slug, enabled=True).first()
    if found is None:
        raise Absent(f"There is no {kind} {slug!r}; GET /api/v1/models lists them.")
    return Status(201, trial_create(user=user, model=found, problem=trial.problem, steps=trial.steps))


@router.get("/trials/{uuid:trial_id}", response=TrialOut, summary="How a trial went")
def trial(request: HttpRequest, trial_id: UUID) -> ModelTrial:
    """The exact text the model read and what it said, or why it could not."""
    found = visible(request, ModelTrial, trial_id)
    errand_look_after(found, trial_ring)
    return found


@router.post("/trials/{uuid:trial_id}/cancel", response=TrialOut, summary="Cancel a trial")
def cancel_trial(request: HttpRequest, trial_id: UUID) -> ModelTrial:
    """Nobody waits for it any more. What a worker is loading, it loads to the end: other runs may want it."""
    return cancelled(visible(request, ModelTrial, trial_id))
