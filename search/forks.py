"""Where a fork leaves its parent's journal."""

from __future__ import annotations

from collections.abc import Sequence

from search.events import Event

_CLOSES = {"prune": "pruned", "restore": "restored", "edit": "budget", "expand": "budget", "raise_budget": "budget"}


def fork_events(events: Sequence[Event], at_seq: int) -> list[Event]:
    """The events a fork at `at_seq` takes over: up to there, cut back so that no effect is torn from what it caused.

    Raises:
        ValueError: `at_seq` is outside the journal.
    """
    if not 1 <= at_seq <= len(events):
        raise ValueError(f"at: give a sequence number from 1 to {len(events)}")
    whole, closes = 0, "budget"  # the root's own events end with the first budget
    for event in events[:at_seq]:
        if event.kind == "human":
            closes = _CLOSES.get(event.payload["command"], "")
        elif event.kind in ("generate", "score", "verify"):
            closes = "budget"
        elif event.kind == "deadline":
            closes = "finished"
        elif event.kind == closes:
            closes = ""
        if not closes:
            whole = event.seq
    return list(events[:whole])
