"""How many events a second become durable, and how that compares with a bare COPY of the same rows.

The journal is a real one: a search of the embedded models. Ours is the whole way (packing, folding, node states,
lease, one transaction per flush); the bare COPY writes the same event and node rows, ready-made, on as many
connections, without anything around it. Both take turns on the same PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from app.bench.application import Application
from app.bench.figure import Figure

if TYPE_CHECKING:
    from app.explorer.store.codec import JournalEvent
    from app.explorer.store.pool import Pool

AT_ONCE = 16  # searches that write at the same time
ROUNDS = 3
BURST = 25  # events that a search emits before it lets others work
SEARCH = {
    "problem": {"text": "2 3 5 7 11 13 -> 61"},
    "algorithm": "mcts",
    "params": {"simulations": 300, "batch": 4},
    "budget": {"tokens": 100_000},
    "seed": 1,
}
# A run like the one that was searched, waiting to be written by `lease`.
_TWIN = """
INSERT INTO explorer_run SELECT (jsonb_populate_record(run, jsonb_build_object(
    'id', %s::uuid, 'state', 'running', 'head_seq', 0, 'lease', %s::uuid, 'lease_until', now() + interval '1 hour'
))).* FROM explorer_run AS run WHERE id = %s
"""


def measure() -> list[Figure]:
    """Medians over the rounds."""
    with Application() as espalier:
        use_services(espalier)
        ours, bare, size = asyncio.run(_measure(espalier))
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    why = f"{AT_ONCE} journals of {size} events at once; "
    return [
        Figure(
            "store.events_per_s", round(median(ours)), "events/s", None, "higher",
            why + "each round: " + ", ".join(f"{value:.0f}" for value in ours),
        ),
        Figure(
            "store.copy_ratio", round(median(ratios), 3), "×", None, "higher",
            why + f"bare COPY: {median(bare):.0f} events/s; each round: " + ", ".join(f"{r:.2f}" for r in ratios),
        ),
    ]  # fmt: skip


def use_services(espalier: Application) -> None:
    """Set Django up for the application's servers; nothing of Django was imported before."""
    from app.embedded.home import Home
    from app.embedded.postgres import Postgres
    from app.embedded.redis import Redis

    home = Home(espalier.home)
    os.environ |= {
        "DATABASE_URL": Postgres(home).url,
        "REDIS_URL": Redis(home).url,
        "SECRET_KEY": "bench",
        "DJANGO_SETTINGS_MODULE": "app.config.settings",
    }
    import django

    django.setup()


async def _measure(espalier: Application) -> tuple[list[float], list[float], int]:
    from app.explorer.store.pool import close_pool, pool

    model = _searched(espalier)
    journal = _journal(espalier, model)
    ours, bare = [], []
    connections = await pool(AT_ONCE)
    for _ in range(ROUNDS):
        ours.append(await _rate(connections, model, journal, _write_all))
        bare.append(await _rate(connections, model, journal, _copy_all))
    await close_pool()
    return ours, bare, len(journal)


async def _rate(
    connections: Pool,
    model: UUID,
    journal: list[JournalEvent],
    write: Callable[[Pool, UUID, UUID, list[JournalEvent]], Awaitable[Callable[[], Awaitable[Any]]]],
) -> float:
    """Events per second when every twin's journal is written at once; what can be prepared is not timed."""
    works = []
    for _ in range(AT_ONCE):
        run, lease = uuid4(), uuid4()
        async with connections.connection() as connection:
            await connection.execute(_TWIN, (run, lease, model))
        works.append(await write(connections, run, lease, journal))
    began = time.perf_counter()
    await asyncio.gather(*(work() for work in works))
    return AT_ONCE * len(journal) / (time.perf_counter() - began)


async def _write_all(
    connections: Pool, run: UUID, lease: UUID, journal: list[JournalEvent]
) -> Callable[[], Awaitable[Any]]:
    from app.explorer.store.codec import Packer
    from app.worker.journal import JournalWriter
    from app.worker.lease import Claim
    from search.tree import Tree

    async def work() -> None:
        writer = JournalWriter(connections, Claim(run, lease, "running", 0, 0), Tree(), Packer())
        for start in range(0, len(journal), BURST):
            for event in journal[start : start + BURST]:
                writer.take(event.seq, event.kind, event.payload)
            await asyncio.sleep(0)
            await writer.keep_up()
        await writer.end("completed", 0, state="completed")

    return work


async def _copy_all(
    connections: Pool, run: UUID, lease: UUID, journal: list[JournalEvent]
) -> Callable[[], Awaitable[Any]]:
    from app.explorer.store.codec import Packer
    from app.explorer.store.rows import COPY_EVENTS, COPY_NODES, event_row, node_row

    packed, nodes = Packer().pack(journal)
    events = [event_row(run, event) for event in packed]
    rows = [node_row(run, node) for node in nodes]

    async def work() -> None:
        async with connections.connection() as connection:
            for statement, ready in ((COPY_EVENTS, events), (COPY_NODES, rows)):
                async with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    for row in ready:
                        await copy.write_row(row)

    return work


def _searched(espalier: Application) -> UUID:
    session = espalier.call("POST", "/sessions", {"title": "Store"})["id"]
    run = espalier.call("POST", f"/sessions/{session}/runs", SEARCH)["id"]
    while (found := espalier.call("GET", f"/runs/{run}"))["state"] in ("queued", "running"):
        time.sleep(0.5)
    if found["state"] != "completed":
        raise RuntimeError(f"the search that was to be stored is {found['state']}: {found['error']}")
    return UUID(run)


def _journal(espalier: Application, run: UUID) -> list[JournalEvent]:
    from app.explorer.store.codec import JournalEvent

    journal: list[JournalEvent] = []
    after: int | None = 0
    while after is not None:
        page = espalier.call("GET", f"/runs/{run}/events?after={after}&limit=1000")
        journal += [
            JournalEvent(event["seq"], event["kind"], event["payload"], datetime.fromisoformat(event["at"]))
            for event in page["items"]
        ]
        after = page["next"]
    return journal
