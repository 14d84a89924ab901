"""Reading the paths of a run one by one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from app.annotation.api import router as labels  # one address, one router: its GET is there
from app.annotation.review.schemas import LabelsIn, LabelsOut, NextPath, PathOut, ReviewIn, SubmittedOut
from app.annotation.review.selectors import next_leaf, path_view, review_shape
from app.annotation.review.services import labels_set, review_submit
from app.annotation.selectors import label_shape
from app.explorer.access import user_of, visible_run

router = Router(tags=["labels"])


@labels.put("/runs/{uuid:run_id}/labels", response=LabelsOut, summary="Mark several steps")
def label_many(request: HttpRequest, run_id: UUID, marks: LabelsIn) -> dict[str, Any]:
    """All of the marks or none, each as for a single step."""
    run = visible_run(request, run_id, "label")
    kept = labels_set(run=run, user=user_of(request), labels=[label.model_dump() for label in marks.labels])
    return {"items": [label_shape(label) for label in kept]}


@router.get("/runs/{uuid:run_id}/paths/next", response=NextPath, summary="The next path to read")
def next_path(request: HttpRequest, run_id: UUID, after: Annotated[int, Query(ge=0)] = 0) -> dict[str, Any]:
    """The first one behind the path to `after` that you have not read, else the first unread one at all. Finished
    solutions come first."""
    run = visible_run(request, run_id, "label")
    return {"leaf": next_leaf(user_of(request), run, after)}


@router.get("/runs/{uuid:run_id}/paths/{int:leaf}", response=PathOut, summary="A path to read")
def path(request: HttpRequest, run_id: UUID, leaf: int) -> dict[str, Any]:
    """From the problem to node `leaf`, with your own marks; rewards and others' marks are left out."""
    run = visible_run(request, run_id, "label")
    return path_view(user_of(request), run, leaf)


@router.post(
    "/runs/{uuid:run_id}/paths/{int:leaf}/review", response={201: SubmittedOut}, summary="End the reading of a path"
)
def submit(request: HttpRequest, run_id: UUID, leaf: int, review: ReviewIn) -> Status:
    """Your former reading of it is kept as history. A step before the first bad one must not stay unmarked."""
    run = visible_run(request, run_id, "label")
    user = user_of(request)
    kept = review_submit(run=run, user=user, leaf=leaf, **review.model_dump())
    return Status(201, {"review": review_shape(kept), "next": next_leaf(user, run, leaf)})
