"""Which of two siblings is better."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from app.annotation.preferences.schemas import PreferencePage, PreferencesIn, PreferencesOut
from app.annotation.preferences.selectors import preference_shape, preferences_page
from app.annotation.preferences.services import preferences_set
from app.config.pages import Limit
from app.explorer.access import principal_of, user_of, visible_run

router = Router(tags=["labels"])


@router.put("/runs/{uuid:run_id}/preferences", response=PreferencesOut, summary="Prefer steps to their siblings")
def prefer(request: HttpRequest, run_id: UUID, given: PreferencesIn) -> dict[str, Any]:
    """All of them or none. Yours replaces your former one about the same pair, which is kept as history."""
    run = visible_run(request, run_id, "label")
    user = user_of(request)
    kept = preferences_set(run=run, user=user, preferences=[one.model_dump() for one in given.preferences])
    gone = {"verdict": None, "at": None, "source": "human", "model": "", "by": user.username}
    return {
        "items": [
            {"first": one[0], "second": one[1], **gone} if isinstance(one, tuple) else preference_shape(one)
            for one in kept
        ]
    }


@router.get("/runs/{uuid:run_id}/preferences", response=PreferencePage, summary="The preferences of a run")
def preferences(
    request: HttpRequest, run_id: UUID, mine: bool = False, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 500
) -> dict[str, Any]:
    """Everybody's current ones, each with its source; with `mine`, only yours."""
    run = visible_run(request, run_id)
    items, following = preferences_page(principal_of(request), run, mine=mine, after=after, limit=limit)
    return {"items": items, "next": following}
