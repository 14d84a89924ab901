"""The writer of one run's journal: takes events from the search at once, makes them durable a flush at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.explorer.store.announce import Announcer
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.flush import Flush, write
from app.explorer.store.pool import Pool
from app.explorer.store.rows import STATE_FIELDS
from app.explorer.store.touched import touched_by
from app.worker.lease import Claim
from search.events import Event, Payload
from search.reducer import apply
from search.tree import Node, Tree

MERGE_SECONDS = 0.075  # after a flush, events of this long share the next one
FLUSH_AT_EVENTS = 500
STALL_EVENTS = 5_000  # that far behind, the search waits for PostgreSQL instead of filling memory
STALL_SECONDS = 1.0


class JournalWriter:
    """Buffers events and flushes them under the lease; also the run's columns, and which commands were applied.

    `tree` is the fold of what is stored already; the writer goes on folding, so node states are the reducer's.
    """

    def __init__(self, pool: Pool, claimed: Claim, tree: Tree, packer: Packer) -> None:
        self.head = claimed.head
        self.tree = tree
        self._pool = pool
        self._claimed = claimed
        self._packer = packer
        self._announcer = Announcer(claimed.run)
        self._events: list[JournalEvent] = []
        self._columns: dict[str, Any] = {}
        self._applied: list[tuple[UUID, int]] = []
        self._refused: list[tuple[UUID, str]] = []
        self._refuse_waiting: str | None = None
        self._ending: tuple[str, int] | None = None
        self._changed = asyncio.Event()
        self._full = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._writing_since: float | None = None
        self._failure: Exception | None = None
        self._task = asyncio.create_task(self._write_on())

    def take(self, seq: int, kind: str, payload: Payload) -> None:
        """The search's sink.

        Raises:
            LeaseLost, ValueError: an earlier flush failed for good; the search must end here.
        """
        if self._failure is not None:
            raise self._failure
        self._events.append(JournalEvent(seq, kind, payload, datetime.now(UTC)))
        if kind == "human":
            self._applied.append((UUID(payload["id"]), seq))
        if len(self._events) >= FLUSH_AT_EVENTS:
            self._full.set()
        self._wake()

    def change(self, **columns: Any) -> None:
        """Write new values of the run's own columns with the next flush."""
        self._columns.update(columns)
        self._wake()

    def refuse(self, command: UUID, reason: str) -> None:
        """Record why a command was not carried out."""
        self._refused.append((command, reason))
        self._wake()

    def refuse_waiting(self, reason: str) -> None:
        """Record that no command that waits now will ever be carried out."""
        self._refuse_waiting = reason
        self._wake()

    async def flushed(self) -> None:
        """Wait until everything taken so far is durable.

        Raises:
            LeaseLost, ValueError: it cannot become durable.
        """
        await self._idle.wait()
        if self._failure is not None:
            raise self._failure

    async def keep_up(self) -> None:
        """Wait while PostgreSQL is away or far behind; returns at once when all is well."""
        since = self._writing_since
        stalled = since is not None and asyncio.get_running_loop().time() - since > STALL_SECONDS
        if stalled or len(self._events) > STALL_EVENTS:
            await self.flushed()

    async def end(self, outcome: str, generated_tokens: int, **columns: Any) -> None:
        """Write what is left together with the run's last columns, and give the lease back.

        Raises:
            LeaseLost, ValueError: as `flushed`.
        """
        self._ending = (outcome, generated_tokens)
        self.change(**columns)
        self._full.set()
        await self.flushed()
        await self.close()

    async def close(self) -> None:
        """Stop without writing any more."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._announcer.close()

    def _wake(self) -> None:
        self._idle.clear()
        self._changed.set()

    async def _write_on(self) -> None:
        try:
            while True:
                await self._changed.wait()
                await self._flush()
                if not self._changed.is_set():
                    self._idle.set()
                if self._ending is None:
                    try:
                        await asyncio.wait_for(self._full.wait(), MERGE_SECONDS)
                    except TimeoutError:
                        pass
        except Exception as error:  # for the search: its next event, or whoever waits, gets it
            self._failure = error
            self._idle.set()

    async def _flush(self) -> None:
        flush = self._collect()
        self._writing_since = asyncio.get_running_loop().time()
        await write(self._pool, self._claimed.run, self._claimed.lease, flush)
        self._writing_since = None
        self.head = flush.to
        self._announcer.say(flush.to)

    def _collect(self) -> Flush:
        """Everything taken so far, as one flush. Nothing here awaits, so nothing can come in between."""
        self._changed.clear()
        self._full.clear()
        events, self._events = self._events, []
        columns, self._columns = self._columns, {}
        applied, self._applied = self._applied, []
        refused, self._refused = self._refused, []
        packed, nodes = self._packer.pack(events)
        outcome, generated = self._ending or (None, 0)
        return Flush(
            head=self.head,
            events=packed,
            nodes=nodes,
            states=self._fold(events),
            run=self._counters() | columns if events else columns,
            applied=applied,
            refused=refused,
            refuse_waiting=self._refuse_waiting,
            generated_tokens=generated,
            outcome=outcome,
        )

    def _fold(self, events: list[JournalEvent]) -> list[dict[str, Any]]:
        touched: dict[int, None] = {}  # in order of the first touch; written once, whatever the number of touches
        for event in events:
            if event.kind == "finished" and self.tree.chosen:
                touched[self.tree.chosen[-1]] = None
            apply(self.tree, Event(event.seq, event.kind, event.payload))
            touched.update(dict.fromkeys(touched_by(event.kind, event.payload)))
        return [_state_of(self.tree[index]) for index in sorted(touched)]

    def _counters(self) -> dict[str, int]:
        counters = self.tree.counters
        return {
            "tokens": counters.tokens,
            "prompt_tokens": counters.prompt_tokens,
            "policy_calls": counters.policy_calls,
            "reward_calls": counters.reward_calls,
            "nodes": len(self.tree),
        }


def _state_of(node: Node) -> dict[str, Any]:
    return {"index": node.index} | {name: getattr(node, name) for name in STATE_FIELDS}
