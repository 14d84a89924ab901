"""Storing a journal that was made elsewhere: a run that is complete from the start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from app.explorer.models import Event, Node, Problem, Run, RunState, Session
from app.explorer.services.session import session_touch
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.jsonb import storable
from app.explorer.store.rows import STATE_FIELDS, UPSERT_STATES, states_json
from app.teams.models import User
from search.events import Event as SearchEvent
from search.reducer import fold

BATCH = 2_000


@transaction.atomic
def journal_store(*, session: Session, user: User, header: dict[str, Any], events: Iterable[SearchEvent]) -> Run:
    """A completed run with this header and these events; its nodes and counters are folded from them."""
    journal = list(events)
    tree = fold(journal)
    now = timezone.now()
    problem = Problem.objects.create(session=session, **header["problem"])
    run = Run(
        session=session, problem=problem, created_by=user, header=header, algorithm=header["algorithm"],
        params=header["params"], policy=header["policy"]["slug"], reward=(header["reward"] or {}).get("slug"),
        also_rewards=[other["slug"] for other in header.get("also_rewards", [])],
        sampling=header["sampling"], budget=header["budget"], seed=header["seed"], state=RunState.COMPLETED,
        head_seq=len(journal), nodes=len(tree), started_at=now, finished_at=now,
    )  # fmt: skip
    run.full_clean(exclude=["session", "created_by", "problem"])
    run.save(force_insert=True)
    packed, rows = Packer().pack([JournalEvent(event.seq, event.kind, event.payload, now) for event in journal])
    Event.objects.bulk_create(
        (Event(run=run, seq=event.seq, kind=event.kind, payload=event.payload, at=event.at) for event in packed), BATCH
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
    session_touch(session.pk)
    return run
