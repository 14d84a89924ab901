"""The journal as the API shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from app.explorer.store.load import events_between, journal_of
from app.explorer.store.reading import read
from search.events import Event


def events_page(run_id: UUID, *, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """`{seq, kind, payload, at}` after sequence `after`, effects with their payload; and where the next page starts."""
    with connection.cursor() as cursor:
        found = read(events_between(run_id, after, limit + 1, bare_effects=False), cursor)
    page = found[:limit]
    return page, page[-1]["seq"] if len(found) > limit else None


def journal_events(run_id: UUID, upto: int | None = None) -> list[Event]:
    """The whole journal, or its beginning up to sequence `upto`, as the engine emitted it."""
    with connection.cursor() as cursor:
        journal = read(journal_of(run_id, upto), cursor)
    return [Event(event.seq, event.kind, event.payload) for event in journal]
