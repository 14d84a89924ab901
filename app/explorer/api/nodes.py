"""The nodes of a run."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from app.config.pages import Limit
from app.config.problems import Absent
from app.explorer.access import principal_of, visible_run
from app.explorer.node_view import node_view, with_labels
from app.explorer.selectors import nodes_page
from app.explorer.shapes import NodeDetail, NodePage

router = Router(tags=["nodes"])


@router.get("/runs/{uuid:run_id}/nodes", response=NodePage, summary="Nodes in order of creation")
def nodes(
    request: HttpRequest,
    run_id: UUID,
    after: Annotated[int, Query(ge=-1, description="The last index you have; -1 begins at the problem.")] = -1,
    limit: Limit = 200,
) -> dict[str, Any]:
    """Each with its text, rewards, the decision about it, and your label."""
    run = visible_run(request, run_id)
    items, following = nodes_page(run.pk, after=after, limit=limit)
    return {"items": with_labels(principal_of(request), run, items), "next": following}


@router.get("/runs/{uuid:run_id}/nodes/{int:index}", response=NodeDetail, summary="One node with all that is known")
def node(request: HttpRequest, run_id: UUID, index: int) -> dict[str, Any]:
    """Tokens with their logprobs, what the policy saw, what the reward models read, and everybody's labels."""
    run = visible_run(request, run_id)
    found = node_view(principal_of(request), run, index)
    if found is None:
        raise Absent(f"Run {run_id} has no node {index}; it has {run.nodes} so far, numbered from 0.")
    return found
