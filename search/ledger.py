"""Journal, tree and budget of one run, kept in step: whatever is journaled is folded at once by the one reducer."""

from __future__ import annotations

from search.budget import Budget, Caps
from search.events import Event, Payload
from search.journal import Journal
from search.reducer import apply
from search.tree import Tree


class Ledger:
    """The only way to write an event during a run."""

    def __init__(self, journal: Journal, caps: Caps, tree: Tree | None = None) -> None:
        self.journal = journal
        self.tree = tree if tree is not None else Tree()
        self.budget = Budget(caps, self.tree.counters)

    def observe(self, kind: str, payload: Payload) -> Event:
        """An observation: emitted, or on replay compared with the stored one."""
        event = self.journal.observe(kind, payload)
        apply(self.tree, event)
        return event

    def take(self, kind: str, expected: Payload | None = None) -> Event:
        """The stored effect that comes next."""
        event = self.journal.take(kind, expected)
        apply(self.tree, event)
        return event

    def append(self, kind: str, payload: Payload) -> Event:
        """A new effect at the live end."""
        event = self.journal.append(kind, payload)
        apply(self.tree, event)
        return event

    def observe_budget(self) -> None:
        """What was spent so far, for the viewers."""
        self.observe("budget", self.budget.as_payload(len(self.tree)))
