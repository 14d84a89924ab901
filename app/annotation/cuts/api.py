"""Steps that the model cut badly: divided and joined, the original kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from app.annotation.cuts.schemas import CutList, CutsIn, CutsOut
from app.annotation.cuts.selectors import own_cuts
from app.annotation.cuts.services import cuts_set
from app.annotation.selectors import label_shape
from app.explorer.access import user_of, visible_run

router = Router(tags=["labels"])


@router.put("/runs/{uuid:run_id}/cuts", response=CutsOut, summary="Divide and join steps")
def cut(request: HttpRequest, run_id: UUID, given: CutsIn) -> dict[str, Any]:
    """All of the cuts or none. The nodes stay; your marks are of the steps as you cut them, and so is their export."""
    run = visible_run(request, run_id, "label")
    wanted = [one.model_dump() for one in given.cuts]
    labels = cuts_set(run=run, user=user_of(request), cuts=wanted)
    kept = zip(wanted, labels, strict=True)
    return {"items": [one | {"label": label_shape(label) if label else None} for one, label in kept]}


@router.get("/runs/{uuid:run_id}/cuts", response=CutList, summary="Your cuts of a run")
def cuts(request: HttpRequest, run_id: UUID) -> dict[str, Any]:
    """Those that hold now."""
    run = visible_run(request, run_id, "label")
    return {"items": own_cuts(user_of(request), run)}
