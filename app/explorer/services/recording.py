"""Runs that a program of somebody's own writes, batch by batch, through the same flush as a worker's.

The program holds the run's lease. Each batch names the sequence it goes on after: one that has landed already is not
carried out again. The fold of what is stored is kept in memory between batches; any process can make it anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from asgiref.sync import async_to_sync
from django.db import OperationalError, transaction
from django.utils import timezone

from app.config.problems import Conflict
from app.explorer.models import Problem, Run, RunAttempt, RunState, Session
from app.explorer.recording_schemas import Finish, Operation, RecordingIn
from app.explorer.run_settings import NO_CAPS
from app.explorer.selectors import journal_events
from app.explorer.services.recording_events import events_of
from app.explorer.services.session import session_touch
from app.explorer.store.announce import Announcer
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.flush import Flush, LeaseLost, write
from app.explorer.store.pool import pool
from app.explorer.store.rows import STATE_FIELDS
from app.explorer.store.touched import touched_by
from app.teams.models import User
from search.events import Event
from search.reducer import fold
from search.tree import Tree
from search.verifiers import infer

RECORDED = "recorded"
"""The `algorithm` and `policy` of such a run: nobody here can steer or resume it."""
ENDED = "recorded"
LEASE_SECONDS = 120
"""A program is given up when nothing was heard of it for so long; the recorder says something every few seconds."""
FLUSH_SECONDS = 15
TREES_KEPT = 64


def recording_create(*, session: Session, user: User, wanted: RecordingIn) -> tuple[Run, UUID]:
    """A running run of one node, the problem, and the lease that allows to write it."""
    problem = wanted.problem.model_dump()
    problem["verifier"] = problem["verifier"] or infer(problem["text"], problem["answer"])
    header: dict[str, Any] = {
        "version": 1, "problem": problem, "algorithm": RECORDED, "params": {"program": wanted.program}, "seed": 0,
        "policy": {"slug": RECORDED}, "reward": None if wanted.reward is None else {"slug": wanted.reward},
        "sampling": {}, "budget": NO_CAPS,
    }  # fmt: skip
    lease, now = uuid4(), timezone.now()
    with transaction.atomic():
        known = Problem.objects.filter(session=session, **problem).order_by("pk").first()
        run = Run(
            session=session, problem=known or Problem.objects.create(session=session, **problem), created_by=user,
            header=header, algorithm=RECORDED, params=header["params"], policy=RECORDED, reward=wanted.reward,
            budget=NO_CAPS, seed=0, state=RunState.RUNNING, started_at=now, lease=lease,
            lease_until=now + timedelta(seconds=LEASE_SECONDS),
        )  # fmt: skip
        run.full_clean(exclude=["session", "created_by", "problem"])
        run.save(force_insert=True)
        worker = f"a program of {user.username}"[:200]
        RunAttempt.objects.create(run=run, lease=lease, worker=worker, first_seq=1)
        session_touch(session.pk)
    root = {
        "index": 0, "parents": [], "depth": 0, "kind": "root", "key": "0", "text": problem["text"], "tokens": 0,
        "finish": None, "logprob": None, "prior": None,
    }  # fmt: skip
    tree = fold([event := Event(1, "node_added", root)])
    _flushed(run.pk, lease, _flush(tree, 0, [event], {"nodes": 1}))
    _TREES.keep(run.pk, tree)
    run.refresh_from_db()
    return run, lease


def recording_append(*, run: Run, lease: UUID, after: int, operations: Sequence[Operation]) -> tuple[int, int]:
    """Carry out a batch; (head, nodes) afterwards. An empty one renews the lease.

    Raises:
        Conflict: the run is not recorded, has ended, or is written by another.
        Invalid: an operation that cannot be; nothing of the batch is carried out.
    """
    if run.algorithm != RECORDED:
        raise Conflict("This run is no recording: a worker of this server writes it.")
    finish = next((operation for operation in operations if isinstance(operation, Finish)), None)
    if run.lease == lease:
        landed = run.head_seq > after
    else:
        landed = finish is not None and RunAttempt.objects.filter(run=run, lease=lease, outcome=ENDED).exists()
    if landed:  # the batch was here before; its answer was lost on the way
        return run.head_seq, run.nodes
    if run.lease != lease or run.head_seq != after:
        why = run.error or f"it is {run.state} at sequence {run.head_seq}"
        raise Conflict(f"This recording does not go on after {after}: {why}. Start a new one.")
    tree = _TREES.take(run.pk, after) or fold(journal_events(run.pk))
    driver = ((run.header or {}).get("reward") or {}).get("slug")
    former = tree.chosen[-1] if tree.chosen else None
    events = events_of(tree, operations, driver)
    columns: dict[str, Any] = {"nodes": len(tree)} if events else {}
    if finish is not None:
        columns |= _end(tree, finish)
    flush = _flush(tree, after, events, columns, former=former, ended=finish is not None)
    _flushed(run.pk, lease, flush)
    if finish is None:
        _TREES.keep(run.pk, tree)
    return flush.to, len(tree)


def _end(tree: Tree, finish: Finish) -> dict[str, Any]:
    finished_at = datetime.now(UTC)
    if finish.error is not None:
        error = f"The program that recorded this run failed: {finish.error}"
        return {"state": "failed", "stopped_by": "error", "error": error, "finished_at": finished_at}
    said = tree.finished or {}
    return {
        "state": "completed", "stopped_by": "completed", "answer": said.get("answer"), "correct": said.get("correct"),
        "chosen": tree.chosen, "finished_at": finished_at,
    }  # fmt: skip


def _flush(
    tree: Tree,
    head: int,
    events: list[Event],
    columns: dict[str, Any],
    *,
    former: int | None = None,
    ended: bool = False,
) -> Flush:
    now = datetime.now(UTC)
    packed, rows = Packer().pack([JournalEvent(event.seq, event.kind, event.payload, now) for event in events])
    touched = {node for event in events for node in touched_by(event.kind, event.payload)}
    touched |= {former} if former is not None and events else set()
    states = [
        {"index": index} | {name: getattr(tree[index], name) for name in STATE_FIELDS} for index in sorted(touched)
    ]
    return Flush(
        head, packed, rows, states, columns,
        outcome=ENDED if ended else None, lease_seconds=LEASE_SECONDS,
    )  # fmt: skip


def _flushed(run: UUID, lease: UUID, flush: Flush) -> None:
    """Make it durable, and tell viewers.

    Raises:
        Conflict: another holds the run.
        OperationalError: PostgreSQL is away; the program sends the batch again.
    """
    try:
        async_to_sync(_write)(run, lease, flush)
    except LeaseLost as error:
        raise Conflict("This recording was given up: nothing was heard of its program for too long.") from error
    except TimeoutError as error:
        raise OperationalError("PostgreSQL does not answer") from error


async def _write(run: UUID, lease: UUID, flush: Flush) -> None:
    async with asyncio.timeout(FLUSH_SECONDS):
        await write(await pool(), run, lease, flush)
    announcer = Announcer(run)
    announcer.say(flush.to)
    await announcer.close()


class _Trees:
    """Folded trees of recordings under way, the longest unused dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trees: OrderedDict[UUID, Tree] = OrderedDict()

    def take(self, run: UUID, head: int) -> Tree | None:
        """The tree at this head; it is nobody else's until it is kept again."""
        with self._lock:
            tree = self._trees.pop(run, None)
        return tree if tree is not None and tree.head_seq == head else None

    def keep(self, run: UUID, tree: Tree) -> None:
        with self._lock:
            self._trees[run] = tree
            while len(self._trees) > TREES_KEPT:
                self._trees.popitem(last=False)


_TREES = _Trees()
