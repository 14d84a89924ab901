"""Celery tasks. A message is only a doorbell: it is acknowledged before the work begins, PostgreSQL says what to do."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import connections

import app.worker.lifecycle  # noqa: F401 - connects its signal handlers
from app.config.errands import errand_carry_out
from app.explorer.doorbell import SEARCH_TASK
from app.explorer.models import BranchRollout
from app.explorer.selectors import journal_events
from app.explorer.services.rollout import ROLL_OUT_TASK
from app.worker.engines import models_for
from app.worker.loop import searches
from app.worker.station import station
from search.branch_value import BranchValue, NothingToContinue, value_of
from search.policies.base import PolicyError
from search.reducer import fold


@shared_task(name=SEARCH_TASK, ignore_result=True)
def run_search(run_id: str) -> None:
    """Work on a run until it rests, on the worker's event loop; this thread only waits.

    Does nothing when the run wants no work or another worker has it, so a message too many does no harm.
    """
    connections.close_all()  # a waiting thread needs none, and there are as many threads as runs
    searches.submit(station.work_on(UUID(run_id))).result()


@shared_task(name=ROLL_OUT_TASK)
def roll_out(rollout_id: str) -> None:
    """Complete a node of a tree outside its run."""
    errand_carry_out(BranchRollout, rollout_id, _rolled_out, PolicyError, NothingToContinue, ValueError)


def _rolled_out(asked: BranchRollout) -> dict[str, Any]:
    run, tree = asked.run, fold(journal_events(asked.run_id))

    async def value() -> BranchValue:
        policy, _ = await asyncio.to_thread(models_for, run.policy, None)
        return await value_of(run.header or {}, tree, tree[asked.node], asked.k, policy, max_steps=asked.max_steps)

    return searches.submit(value()).result().as_dict()
