"""Asking for rollouts of a node outside its run."""

from __future__ import annotations

from django.db import transaction

from app.config.errands import errand_send
from app.config.problems import Absent, Conflict
from app.explorer.doorbell import task_send
from app.explorer.models import BranchRollout, Node, Run
from app.explorer.services.run import INTERACTIVE
from app.explorer.strategies import strategies
from app.teams.models import User

ROLL_OUT_TASK = "explorer.roll_out"


@transaction.atomic
def rollout_create(*, run: Run, user: User, node: int, k: int) -> BranchRollout:
    """Rollouts that wait for a worker.

    Raises:
        Absent: the run has no such node.
        Conflict: nothing can follow it, or there is no policy to ask.
    """
    found = Node.objects.filter(run_id=run.pk, index=node).first()
    if found is None:
        raise Absent(f"Run {run.pk} has no node {node}; it has {run.nodes} so far, numbered from 0.")
    if run.header is None or run.algorithm not in strategies():
        raise Conflict(
            f"There is no policy to roll out with: this run is {run.algorithm} and was not made by one here."
        )
    if found.finish in ("end", "length", "budget", "aborted"):
        raise Conflict(f"Node {node} ends there ({found.finish}): take a step before it.")
    rollout = BranchRollout(run=run, node=node, k=k, created_by=user)
    rollout.full_clean(exclude=["run", "created_by"])
    errand_send(rollout, rollout_ring)
    return rollout


def rollout_ring(rollout_id: str) -> None:
    """Tell a worker."""
    task_send(ROLL_OUT_TASK, [rollout_id], INTERACTIVE)
