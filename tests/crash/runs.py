"""Driving runs of a stack through its API, also while parts of it are dead."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from app.embedded.home import Home
from app.embedded.postgres import Postgres
from search.events import EFFECTS
from tests.support.stack import Stack, wait_until

# About a thousand events, spread evenly over the work: a tree that is never exhausted, one simulation at a time.
LONG_SEARCH = {
    "problem": {"text": "2 3 5 7 11 13 -> 61"},
    "algorithm": "mcts",
    "params": {"simulations": 120, "batch": 1, "expansion": 8},
    "sampling": {"temperature": 1.2},
    "budget": {"tokens": 200_000},
    "seed": 5,
}


@dataclass(frozen=True)
class Journey:
    """One run on one stack."""

    stack: Stack
    run: str

    @classmethod
    def begin(cls, stack: Stack, **changes: Any) -> Journey:
        """Start a long search in a new session."""
        session = ok(stack.request("POST", "/sessions", {"title": "Crash"}))["id"]
        return cls(stack, ok(stack.request("POST", f"/sessions/{session}/runs", LONG_SEARCH | changes))["id"])

    def look(self) -> dict[str, Any] | None:
        """The run as the API shows it; None while nobody answers."""
        try:
            status, run = self.stack.request("GET", f"/runs/{self.run}")
        except OSError:
            return None
        return run if status == 200 else None

    def head(self) -> int:
        """How far the journal is; -1 while PostgreSQL is away. Asked directly: quicker than the page's own way."""
        try:
            with database(self.stack) as connection:
                row = connection.execute("SELECT head_seq FROM explorer_run WHERE id = %s", (self.run,)).fetchone()
        except psycopg.OperationalError:
            return -1
        assert row
        return int(row[0])

    def wait_for_head(self, head: int, seconds: float = 60) -> int:
        """Wait until the journal has at least `head` events; returns how many it has."""
        return int(wait_until(lambda: (now := self.head()) >= head and now, seconds, f"{head} events of {self.run}"))

    def wait_for_end(self, seconds: float = 120) -> dict[str, Any]:
        """Wait until it is finished, and check that it went well."""

        def finished() -> dict[str, Any] | None:
            run = self.look()
            return run if run and run["state"] in ("completed", "failed", "cancelled") else None

        run: dict[str, Any] = wait_until(finished, seconds, f"the end of run {self.run}")
        assert run["state"] == "completed", (run, self.stack.logs())
        return run

    def events(self) -> list[dict[str, Any]]:
        """The whole journal, effects with their payloads, page by page."""
        events: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = ok(self.stack.request("GET", f"/runs/{self.run}/events?after={after}&limit=1000"))
            events += page["items"]
            after = page["next"]
        return events

    def effects_after(self, seq: int) -> int:
        """How many effects are stored after `seq`; 0 while PostgreSQL is away."""
        try:
            with database(self.stack) as connection:
                found = connection.execute(
                    "SELECT (SELECT count(*) FROM explorer_event WHERE run_id = run.id AND seq > %s AND kind = ANY(%s))"
                    ", run.state, run.error FROM explorer_run AS run WHERE id = %s",
                    (seq, sorted(EFFECTS), self.run),
                ).fetchone()
        except psycopg.OperationalError:
            return 0
        assert found
        effects, state, error = found
        assert state in ("queued", "running", "completed"), error
        return int(effects)

    def journal(self) -> list[tuple[int, str, Any]]:
        """The journal without its times."""
        return [(event["seq"], event["kind"], event["payload"]) for event in self.events()]

    def attempts(self) -> list[tuple[str, int | None, int | None]]:
        """(outcome, first, last sequence) of every attempt, oldest first."""
        with database(self.stack) as connection:
            return connection.execute(
                "SELECT outcome, first_seq, last_seq FROM explorer_runattempt WHERE run_id = %s ORDER BY started_at",
                (self.run,),
            ).fetchall()


def database(stack: Stack) -> psycopg.Connection[Any]:
    """A connection to the stack's own PostgreSQL."""
    return psycopg.connect(Postgres(Home(stack.home)).url, autocommit=True)


def ok(answer: tuple[int, Any]) -> Any:
    """The body of a good answer."""
    status, body = answer
    assert status < 300, (status, body)
    return body


def seconds_since(moment: float) -> float:
    """For the figures that the tests print."""
    return round(time.monotonic() - moment, 1)
