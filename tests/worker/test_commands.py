"""A person's hand on a run: while it works, while it rests, after its end, and from one worker to the next."""

from __future__ import annotations

import asyncio
import time

import pytest
from pytest_django import Settings

from app.explorer.models import Command, Node, NodeState, Run, RunAttempt
from app.explorer.store.pool import Pool
from tests.worker.driving import LONG, Make, NewWorker, give, head_reaches, journal, until

ENDLESS = LONG | {"params": {"simulations": 1000, "batch": 1}}


async def _state(run: Run) -> str:
    return (await Run.objects.aget(pk=run.pk)).state


async def test_pause_edit_resume_across_workers_spends_tokens_below_the_edit(
    db: Pool, make: Make, worker: NewWorker
) -> None:
    run = await make(**LONG)
    work = asyncio.create_task(worker().work_on(run.pk))
    await head_reaches(run, 40)
    pause = await give(run, "pause")
    await asyncio.wait_for(work, 10)
    assert await _state(run) == "paused"
    assert (await Command.objects.aget(pk=pause.pk)).applied_seq is not None

    edit = await give(run, "edit", node=1, text="5 * 7 = 35 (left: 3 11 35)")
    await worker().work_on(run.pk)
    assert await _state(run) == "paused"
    applied = (await Command.objects.aget(pk=edit.pk)).applied_seq
    written = await Node.objects.aget(run=run, kind="human")
    assert (written.text, written.by, written.created_seq > applied) == (
        "5 * 7 = 35 (left: 3 11 35)",
        run.created_by.username,
        True,
    )

    await give(run, "resume")
    await worker().work_on(run.pk)
    assert await _state(run) == "completed"
    below = [row async for row in Node.objects.filter(run=run, parents__contains=[written.index])]
    assert sum(node.tokens for node in below) > 0
    assert await RunAttempt.objects.filter(run=run).acount() == 3
    events = await journal(db, run.pk)
    assert [seq for seq, _, _ in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("redis", ["there", "away"])
async def test_cancel_takes_at_most_a_second(
    db: Pool, make: Make, worker: NewWorker, redis: str, settings: Settings
) -> None:
    if redis == "away":
        settings.REDIS_URL = "unix:///nowhere/redis.sock"
    run = await make(**ENDLESS)
    station = worker()
    await station.open(4, lambda run, queue: None)
    work = asyncio.create_task(station.work_on(run.pk))
    await head_reaches(run, 40)
    await give(run, "cancel")
    asked = time.monotonic()

    async def cancelled() -> bool:
        return await _state(run) == "cancelled"

    await until(cancelled, 10)
    took = time.monotonic() - asked
    assert took <= 1.5, f"{took:.2f} s"  # a second for the search, the rest for the test's own polling
    await asyncio.wait_for(work, 5)


async def test_commands_on_a_finished_run_make_a_new_revision(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="beam")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    leaf = run.chosen[-1]
    await give(run, "prune", node=leaf)
    await worker().work_on(run.pk)
    again = await Run.objects.aget(pk=run.pk)
    assert (again.state, again.revision, again.finished_at) == ("completed", run.revision + 1, run.finished_at)
    assert again.chosen[-1] != leaf
    assert (await NodeState.objects.aget(run=run, index=leaf)).status == "pruned"
    assert (await NodeState.objects.aget(run=run, index=again.chosen[-1])).status == "selected"


async def test_a_raised_budget_sends_a_spent_run_on(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(**LONG, budget=_tokens(300))
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.stopped_by, run.cap) == ("completed", "budget", "tokens")
    assert run.tokens <= 300
    await give(run, "raise_budget", budget={"tokens": 600})
    await worker().work_on(run.pk)
    again = await Run.objects.aget(pk=run.pk)
    assert 300 < again.tokens <= 600
    assert again.budget["tokens"] == 600
    assert again.revision == 1


async def test_a_command_that_cannot_be_carried_out_gets_its_reason(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="beam")
    command = await Command.objects.acreate(
        run=run, number=1, kind="prune", payload={"node": 4711, "by": "ada"}, created_by=run.created_by
    )
    await worker().work_on(run.pk)
    command = await Command.objects.aget(pk=command.pk)
    assert command.applied_seq is None
    assert "4711" in command.error
    assert await _state(run) == "completed"


async def test_a_command_given_before_the_first_attempt_waits_for_it(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(**ENDLESS)
    await give(run, "cancel")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.stopped_by, run.tokens) == ("cancelled", "cancelled", 0)


def _tokens(cap: int) -> dict[str, int | None]:
    return {"tokens": cap, "policy_calls": None, "reward_calls": None, "nodes": None, "seconds": None}
