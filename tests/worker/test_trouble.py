"""What goes wrong inside a search ends in the run's row, with everything before it kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.explorer.models import Node, Run
from app.explorer.store.pool import Pool
from app.worker import attempt
from search.models import load_policy
from search.policies.base import Cancellation, PolicyError, StepRequest, StepSample
from tests.worker.driving import LONG, Make, NewWorker, journal


class _Failing:
    """The embedded policy until its fifth call, then a broken one."""

    def __init__(self, error: Exception) -> None:
        self._policy = load_policy()
        self._error = error
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        self._calls += 1
        if self._calls == 5:
            raise self._error
        return await self._policy.generate(requests, cancellation)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PolicyError("policy embedded: the device is out of memory"), "policy embedded: the device is out of memory"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
async def test_a_model_that_breaks_fails_the_run_and_keeps_its_tree(
    db: Pool, make: Make, worker: NewWorker, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    real = attempt.models_for
    broken = _Failing(error)
    monkeypatch.setattr(attempt, "models_for", lambda *slugs: (broken, real(*slugs)[1]))
    run = await make(**LONG)
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.stopped_by, run.error, run.lease) == ("failed", "error", said, None)
    events = await journal(db, run.pk)
    assert sum(kind == "generate" for _, kind, _ in events) == 4
    assert run.head_seq == len(events)
    assert await Node.objects.filter(run=run).acount() == run.nodes > 4


async def test_a_journal_that_is_not_the_strategys_own_is_never_continued(
    db: Pool, make: Make, worker: NewWorker
) -> None:
    run = await make(algorithm="beam")
    await worker().work_on(run.pk)
    before = await journal(db, run.pk)
    # As if the program had changed between two attempts: the stored journal was made with other settings.
    await Run.objects.filter(pk=run.pk).aupdate(state="running", seed=2)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE explorer_run SET header = jsonb_set(header, '{params,proposals}', '1') WHERE id = %s", (run.pk,)
        )
        await connection.execute("DELETE FROM explorer_event WHERE run_id = %s AND kind = 'finished'", (run.pk,))
        await connection.execute("UPDATE explorer_run SET head_seq = head_seq - 1 WHERE id = %s", (run.pk,))
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert run.state == "failed"
    assert run.error
    assert run.error.startswith("non-deterministic replay at event ")
    assert await journal(db, run.pk) == before[:-1]
