"""Storing a journal that was made elsewhere: a run that is complete from the start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from app.explorer.models import Event, Node, Problem, Run, RunState, Session
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.jsonb import marked, storable
from app.explorer.store.rows import STATE_FIELDS, UPSERT_STATES, states_json
from app.teams.models import User
from search.events import Event as SearchEvent
from search.reducer import fold

BATCH = 2_000


@transaction.atomic
def journal_store(
    *,
    session: Session,
    user: User,
    header: dict[str, Any],
    events: Iterable[SearchEvent],
    times: Sequence[datetime] | None = None,
) -> Run:
    """A completed run with this header and these events; its nodes and counters are folded from them.

    `times` are the events' own, if they are known. Whoever calls touches the session, once for all of an import.
    """
    journal = list(events)
    tree = fold(journal)
    finished, counters = tree.finished or {}, tree.counters
    now = timezone.now()
    known = Problem.objects.filter(session=session, **header["problem"]).order_by("pk").first()
    problem = known or Problem.objects.create(session=session, **header["problem"])
    run = Run(
        session=session, problem=problem, created_by=user, header=header, algorithm=header["algorithm"],
        params=header["params"], policy=header["policy"]["slug"], reward=(header["reward"] or {}).get("slug"),
        also_rewards=[other["slug"] for other in header.get("also_rewards", [])],
        sampling=header["sampling"], budget=header["budget"], seed=header["seed"], state=RunState.COMPLETED,
        head_seq=len(journal), nodes=len(tree), started_at=now, finished_at=now,
        stopped_by=finished.get("stopped_by"), cap=finished.get("cap"), revision=finished.get("revision") or 0,
        answer=finished.get("answer"), correct=finished.get("correct"), chosen=tree.chosen or None,
        tokens=counters.tokens, prompt_tokens=counters.prompt_tokens, policy_calls=counters.policy_calls,
        reward_calls=counters.reward_calls,
    )  # fmt: skip
    run.full_clean(exclude=["session", "created_by", "problem"])
    run.save(force_insert=True)
    at = times or [now] * len(journal)
    packed, rows = Packer().pack(
        [JournalEvent(event.seq, event.kind, event.payload, when) for event, when in zip(journal, at, strict=True)]
    )
    Event.objects.bulk_create(
        (
            Event(run=run, seq=event.seq, kind=event.kind, payload=marked(event.payload), at=event.at)
            for event in packed
        ),
        BATCH,
    )
    Node.objects.bulk_create(
        (
            Node(
                run=run,
                **{name: getattr(row, name) for name in row.__slots__ if name != "text"},
                text=storable(row.text),
            )
            for row in rows
        ),
        BATCH,
    )
    states = [{"index": node.index} | {name: getattr(node, name) for name in STATE_FIELDS} for node in tree.nodes]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT_STATES, (run.pk, states_json(states)))
    return run
