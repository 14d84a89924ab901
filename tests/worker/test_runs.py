"""A run in a worker: from the queue to its end, with the real models and the real database."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from asgiref.sync import sync_to_async

from app.explorer.models import Node, NodeState, Run, RunAttempt
from app.explorer.selectors.nodes import node_sampled
from app.explorer.store.pool import Pool
from app.explorer.store.rows import STATE_FIELDS
from app.worker.lease import claim
from search.events import Event
from search.models import load_policy, load_reward
from search.reducer import fold
from search.run import run_search
from tests.worker.driving import LONG, Make, NewWorker, head_reaches, journal


async def test_a_worker_stores_what_the_engine_alone_would_have_said(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="beam")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.stopped_by, run.lease) == ("completed", "completed", None)
    alone: list[tuple[int, str, dict[str, Any]]] = []
    outcome = await run_search(
        run.header,
        policy=load_policy(),
        reward=load_reward(),
        sink=lambda seq, kind, payload: alone.append((seq, kind, payload)),
    )
    assert await journal(db, run.pk) == alone
    assert (run.head_seq, run.answer, run.chosen) == (len(alone), outcome.answer, outcome.tree.chosen)
    counters = outcome.tree.counters
    assert (run.tokens, run.policy_calls, run.reward_calls) == (
        counters.tokens,
        counters.policy_calls,
        counters.reward_calls,
    )
    assert run.tokens > 0
    assert run.nodes == len(outcome.tree)


async def test_two_policies_take_turns_and_it_is_told_who_wrote_what(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="reward_guided_speculation", params={"draft": "embedded", "threshold": 0.9, "paths": 2})
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert run.header is not None
    assert run.header["draft"] == load_policy().describe()
    events = await journal(db, run.pk)
    wrote = {
        s["node"]: (p["writer"], s["entropies"]) for _, kind, p in events if kind == "generate" for s in p["samples"]
    }
    assert {writer for writer, _ in wrote.values()} == {"draft", "policy"}
    nodes = Node.objects.filter(run=run, index__gt=0).values_list("index", "created_seq")
    told = {index: await sync_to_async(node_sampled)(run.pk, index, seq) async for index, seq in nodes}
    assert told == wrote
    attempt = await RunAttempt.objects.aget(run=run)
    assert (attempt.generated_tokens, attempt.lost_tokens) == (run.tokens, 0)


async def test_node_states_are_the_fold_of_the_journal(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="mcts", params={"simulations": 20})
    await worker().work_on(run.pk)
    tree = fold(Event(*event) for event in await journal(db, run.pk))
    stored = {row["index"]: row async for row in NodeState.objects.filter(run=run).values("index", *STATE_FIELDS)}
    assert len(tree) > 20
    assert stored == {
        node.index: {"index": node.index} | {name: getattr(node, name) for name in STATE_FIELDS} for node in tree.nodes
    }


async def test_rewards_recorded_beside_the_driving_one(db: Pool, make: Make, worker: NewWorker) -> None:
    alone, run = await make(algorithm="beam"), await make(algorithm="beam", also_rewards=["exact"])
    for each in (alone, run):
        await worker().work_on(each.pk)
    alone, run = await Run.objects.aget(pk=alone.pk), await Run.objects.aget(pk=run.pk)
    assert (run.state, run.header["also_rewards"]) == (
        "completed", [{"slug": "exact", "convention": "exact", "engine": "domain"}]
    )  # fmt: skip
    assert (run.chosen, run.tokens, run.reward_calls) == (alone.chosen, alone.tokens, 2 * alone.reward_calls)
    states = [state async for state in NodeState.objects.filter(run=run, reward__isnull=False)]
    assert len(states) > 8
    for state in states:
        assert state.rewards == {"embedded": state.reward, "exact": float(state.reachable)}


async def test_two_workers_and_one_run(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="beam")
    await asyncio.gather(worker().work_on(run.pk), worker().work_on(run.pk))
    assert await RunAttempt.objects.filter(run=run).acount() == 1
    events = await journal(db, run.pk)
    assert [seq for seq, _, _ in events] == list(range(1, len(events) + 1))
    assert events[-1][1] == "finished"


async def test_a_worker_whose_lease_was_taken_writes_nothing_more(db: Pool, make: Make, worker: NewWorker) -> None:
    undisturbed = await make(**LONG)
    await worker().work_on(undisturbed.pk)
    run = await make(**LONG)
    work = asyncio.create_task(worker().work_on(run.pk))
    await head_reaches(run, 100)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE explorer_run SET lease = gen_random_uuid(), lease_until = now() + interval '1 hour' WHERE id = %s",
            (run.pk,),
        )
    head = (await Run.objects.aget(pk=run.pk)).head_seq
    await asyncio.wait_for(work, 10)
    assert (await Run.objects.aget(pk=run.pk)).head_seq == head
    await Run.objects.filter(pk=run.pk).aupdate(lease=None, lease_until=None)
    await worker().work_on(run.pk)
    assert await journal(db, run.pk) == await journal(db, undisturbed.pk)
    outcomes = [row.outcome async for row in RunAttempt.objects.filter(run=run).order_by("started_at")]
    assert outcomes == ["lost", "completed"]


async def test_a_stopped_worker_gives_its_run_back_within_five_seconds(db: Pool, make: Make, worker: NewWorker) -> None:
    undisturbed = await make(**LONG)
    await worker().work_on(undisturbed.pk)
    run = await make(**LONG)
    station = worker()
    work = asyncio.create_task(station.work_on(run.pk))
    await head_reaches(run, 100)
    station.stop()
    await asyncio.wait_for(work, 5)
    row = await Run.objects.aget(pk=run.pk)
    assert (row.state, row.lease, row.doorbell_at) == ("queued", None, None)
    attempt = await RunAttempt.objects.aget(run=run)
    assert (attempt.outcome, attempt.last_seq) == ("given back", row.head_seq)
    await worker().work_on(run.pk)
    assert await journal(db, run.pk) == await journal(db, undisturbed.pk)
    assert (await Run.objects.aget(pk=run.pk)).lost_tokens == 0


async def test_a_policy_that_is_gone_fails_the_run_and_says_so(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(policy="vanished")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert (run.state, run.stopped_by, run.lease) == ("failed", "error", None)
    assert "'vanished'" in run.error


async def test_a_run_that_kills_every_worker_is_given_up_with_a_reason(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(algorithm="beam")
    for _ in range(8):
        await RunAttempt.objects.acreate(run=run, lease=uuid4(), worker="w", first_seq=1, outcome="lost")
    await worker().work_on(run.pk)
    run = await Run.objects.aget(pk=run.pk)
    assert run.state == "failed"
    assert "8 attempts in a row" in run.error


async def test_tokens_of_work_that_died_are_counted_as_lost(db: Pool, make: Make, worker: NewWorker) -> None:
    run = await make(**LONG)
    station = worker()
    work = asyncio.create_task(station.work_on(run.pk))
    await head_reaches(run, 60)
    work.cancel()  # as a kill would: nothing is given back
    await asyncio.wait([work])
    row = await Run.objects.aget(pk=run.pk)
    # The heart had said that 40 tokens more were generated than the journal has.
    await RunAttempt.objects.filter(run=run).aupdate(generated_tokens=row.tokens + 40)
    async with db.connection() as connection:
        await connection.execute("UPDATE explorer_run SET lease = NULL WHERE id = %s", (run.pk,))
        assert await claim(connection, run.pk, "another") is not None
    assert (await Run.objects.aget(pk=run.pk)).lost_tokens == 40
    assert (await RunAttempt.objects.aget(run=run, outcome="lost")).lost_tokens == 40
