"""What goes wrong inside a search ends in the run's row, with everything before it kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from app.explorer.models import Node, NodeState, Run
from app.explorer.store.pool import Pool
from app.worker import attempt
from search.models import load_policy, load_reward
from search.policies.base import Cancellation, PolicyError, StepRequest, StepSample
from search.rewards.base import PathScore, ScoreRequest
from tests.worker.driving import LONG, Make, NewWorker, give, journal


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


class _Wrong:
    """The embedded reward until its fifth call; then `answer` is all it has to say of a path."""

    def __init__(self, answer: tuple[float, ...]) -> None:
        self._reward = load_reward()
        self._answer = answer
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reward, name)

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        self._calls += 1
        if self._calls == 5:
            return [PathScore(self._answer, 1) for _ in requests]
        return await self._reward.score(requests)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((math.nan,) * 4, "reward embedded gave "),
        ((0.5,) * 9, "reward embedded gave 9 scores for a path of "),
    ],
)
async def test_a_reward_that_answers_wrongly_fails_the_run_by_its_name(
    make: Make, worker: NewWorker, monkeypatch: pytest.MonkeyPatch, answer: tuple[float, ...], said: str
) -> None:
    real, broken = attempt.models_for, _Wrong(answer)
    monkeypatch.setattr(attempt, "models_for", lambda *slugs: (real(*slugs)[0], broken))
    run = await make(**LONG)
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.lease) == ("failed", None)
    assert run.error
    assert run.error.startswith(said)
    assert await NodeState.objects.filter(run=run, reward__isnull=False).acount() > 3
    monkeypatch.undo()


async def test_a_failed_run_goes_on_where_it_stopped_once_it_is_mended(
    db: Pool, make: Make, worker: NewWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = await make(**LONG)
    await worker().work_on(undisturbed.pk)
    real = attempt.models_for
    broken = _Failing(PolicyError("the server is gone"))
    monkeypatch.setattr(attempt, "models_for", lambda *slugs: (broken, real(*slugs)[1]))
    run = await make(**LONG)
    await worker().work_on(run.pk)
    before = await journal(db, run.pk)
    assert len(before) > 4
    await give(run, "resume")  # the fifth call is over: from now on the policy works
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.error, run.stopped_by, run.lease) == ("completed", None, "completed", None)
    after = await journal(db, run.pk)
    assert after[: len(before)] == before
    assert after == await journal(db, undisturbed.pk)


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
