"""`GET /api/v1/algorithms`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from app.config.problems import Absent
from app.explorer.access import principal_of
from app.explorer.run_settings import strategies_refused
from app.explorer.strategies import strategies_listed
from app.registry.models import LanguageModel
from app.teams.permissions import visible_to

router = Router(tags=["algorithms"])


class StrategyOut(Schema):
    """A strategy; `params` is the JSON Schema of its parameters, `commands` says what a person's commands do to it.

    `needs_prompt`: what the policy must take besides problems: `refine` (or instructions), or `instructions`.
    `refused`: why the policy that was asked about cannot run it with its default parameters, and the mend.
    """

    name: str
    family: str
    title: str
    summary: str
    paper: str
    needs_reward: bool
    needs_prompt: str | None
    commands: dict[str, str]
    params: dict[str, Any]
    refused: str | None = None


class StrategyList(Schema):
    """All of them; there is never a next page."""

    items: list[StrategyOut]
    next: None = None


@router.get("/algorithms", response=StrategyList, summary="Search strategies")
def algorithms(request: HttpRequest, policy: str | None = None) -> dict[str, Any]:
    """What a run can name as `algorithm`; with a `policy`, also which of them that one cannot run."""
    if policy is None:
        return {"items": strategies_listed()}
    offered = visible_to(principal_of(request), LanguageModel).filter(enabled=True, kind=LanguageModel.Kind.POLICY)
    model = offered.filter(slug=policy).first()
    if model is None:
        raise Absent(f"There is no policy {policy!r}; GET /api/v1/models lists them.")
    refused = strategies_refused(model)
    return {"items": [card | {"refused": refused.get(card["name"])} for card in strategies_listed()]}
