"""What a person may tell a search, and the mailbox the commands wait in until the search comes to its next gate."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args
from uuid import UUID

from search.events import Payload

CommandKind = Literal["pause", "resume", "cancel", "expand", "prune", "restore", "edit", "hint", "raise_budget"]
COMMANDS: tuple[CommandKind, ...] = get_args(CommandKind)
ON_NODES = frozenset({"expand", "prune", "restore", "edit", "hint"})
LONGEST_TEXT = 2000
"""Characters of a step or hint that a person may write."""
MOST_CHILDREN = 64
"""Children that one expand command may ask for."""


class RejectedCommand(ValueError):
    """A command cannot be carried out; the message names the field and what to mend. Nothing was journaled."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `id` is its UUID: the same id is carried out once, however often it arrives."""

    id: str
    command: CommandKind
    by: str
    node: int | None = None
    text: str | None = None
    n: int | None = None
    budget: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        try:
            UUID(self.id)
        except (ValueError, AttributeError, TypeError) as error:
            raise RejectedCommand("id", f"id: {self.id!r} is not a UUID") from error
        if self.command not in COMMANDS:
            raise RejectedCommand("command", f"command: {self.command!r} is none of {', '.join(COMMANDS)}")
        if self.command in ON_NODES and (not isinstance(self.node, int) or self.node < 0):
            raise RejectedCommand("node", f"node: {self.command} needs the index of a node")
        if self.command in ("edit", "hint"):
            _check_text(self.command, self.text)
        if self.command == "expand" and not 1 <= (1 if self.n is None else self.n) <= MOST_CHILDREN:
            raise RejectedCommand("n", f"n: ask for 1 to {MOST_CHILDREN} children")
        if self.command == "raise_budget" and not self.budget:
            raise RejectedCommand("budget", "budget: name at least one cap and its new value")

    def as_payload(self) -> Payload:
        """The `human` effect: only the fields this command has."""
        fields = {"node": self.node, "text": self.text, "n": self.n, "budget": self.budget}
        given = {name: value for name, value in fields.items() if value is not None}
        return {"id": self.id, "command": self.command, **given, "by": self.by}

    @classmethod
    def of(cls, payload: Payload) -> Command:
        """The command a `human` effect records."""
        return cls(**payload)


def _check_text(command: str, text: str | None) -> None:
    if not isinstance(text, str) or not text.strip():
        raise RejectedCommand("text", f"text: {command} needs a text that is not empty")
    if len(text) > LONGEST_TEXT:
        raise RejectedCommand("text", f"text: at most {LONGEST_TEXT} characters, this one has {len(text)}")
    if command == "edit" and len(text.strip().splitlines()) > 1:
        raise RejectedCommand("text", "text: one step is one line; edit the following steps one by one")


class Mailbox:
    """Commands on their way to one search. `put` may be called from any thread, `take` from the search's loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Command] = deque()
        self._listener: Callable[[Command], None] | None = None

    def put(self, command: Command) -> None:
        """Leave a command; whoever waits for an engine call hears of it at once."""
        with self._lock:
            self._waiting.append(command)
            listener = self._listener
        if listener is not None:
            listener(command)

    def take(self) -> Command | None:
        """The oldest command, or None."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def holds(self, kind: CommandKind) -> bool:
        """True if a command of this kind waits."""
        with self._lock:
            return any(command.command == kind for command in self._waiting)

    def listen(self, listener: Callable[[Command], None] | None) -> None:
        """Tell `listener` of every command that waits or comes, on the thread that brings it; None to stop."""
        with self._lock:
            self._listener = listener
            waiting = list(self._waiting)
        if listener is not None:
            for command in waiting:
                listener(command)
