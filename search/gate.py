"""The gate after every effect, where a person's commands and the deadline reach a search; and the one after the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from search.budget import Caps
from search.commands import Command, RejectedCommand
from search.effects import Effects
from search.events import Payload
from search.hand import Below, Hand
from search.ledger import Ledger
from search.setting import Setting
from search.tree import Tree

Acknowledge = Callable[[str, int | None, str | None], None]
"""Told what became of a live command: (id, sequence number, None) or (id, None, why it was rejected)."""


class Paused(Exception):
    """A person paused the run: its coroutine unwinds and its slot is free. A later attempt goes on."""


class Cancelled(Exception):
    """A person cancelled the run: the epilogue follows."""


class Ended(Exception):
    """The run is finished and no command waits."""


async def _closed() -> None:
    raise RuntimeError("the run has come to rest")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a strategy makes of a tree. `votes`: [answer, weight, count] in order; `node` None: no answer."""

    node: int | None
    rule: str
    votes: list[list[Any]] | None = None


class Answering(Protocol):
    """The strategy's pure epilogue."""

    def __call__(self, tree: Tree) -> Answer: ...


class Gate:
    """Applies commands in the order of the journal; live ones come from the mailbox and are journaled first."""

    def __init__(
        self,
        ledger: Ledger,
        setting: Setting,
        answer: Answering,
        acknowledge: Acknowledge | None,
        below: Below = lambda tree, note: None,
    ) -> None:
        drafting = setting.drafting()
        self.effects = Effects(ledger, setting, self.open, None if drafting is None else "policy")
        self.drafts = None if drafting is None else Effects(ledger, drafting, self.open, "draft")
        self._ledger = ledger
        self._setting = setting
        self._hand = Hand(self.effects, below)
        self._answer = answer
        self._acknowledge = acknowledge or (lambda id, seq, error: None)

    def close(self) -> None:
        """Nothing comes any more. What refers back here lets go, so that a finished run's tree is freed at once and not
        when Python next looks for cycles, which it does seldom (`search.collector`)."""
        for effects in (self.effects, self.drafts):
            if effects is not None:
                effects.interrupted = _closed

    async def open(self) -> None:
        """Apply what waits. On replay: while the next event is a command or the deadline.

        Raises:
            Paused: the run is paused, and no command that would resume it is there.
            Cancelled: the run was cancelled.
            Ended: the deadline is over and nobody raised it.
        """
        paused = False
        while True:
            event = self._ledger.journal.peek()
            if event is not None and event.kind == "deadline":
                self._ledger.take("deadline")
                await self.finish("deadline", "seconds")
            elif event is not None:
                if event.kind != "human":
                    return
                paused = await self._apply(Command.of(self._ledger.take("human").payload), paused)
            elif self._overdue() and not paused:
                self._ledger.append("deadline", {"cap": "seconds"})
                await self.finish("deadline", "seconds")
            elif (command := self._next_command(paused=paused)) is not None:
                paused = await self._apply(command, paused)
            elif paused:
                raise Paused
            else:
                return

    async def finish(self, stopped_by: str, cap: str | None = None) -> None:
        """Emit the answer, then attend to what people do to the finished run.

        Returns only when a raised budget lets a run go on that had stopped for it.

        Raises:
            Ended: no command waits.
        """
        self._observe_finished(stopped_by, cap)
        await self.attend_finished()

    async def attend_finished(self) -> None:
        """Apply commands on a finished run; each is followed by a new revision of the answer. Like `finish`."""
        former = self._ledger.tree.finished
        if former is None:
            raise RuntimeError("the run has not finished")
        stopped_by, cap = former["stopped_by"], former.get("cap")
        while True:
            if self._ledger.journal.replaying:
                command = Command.of(self._ledger.take("human").payload)
            else:
                waiting = self._next_command(finished=True)
                if waiting is None:
                    raise Ended
                command = waiting
            if command.command == "raise_budget":
                before = self._ledger.budget.caps
                self._raise_budget(command)
                if self._goes_on(cap, before):
                    return
            else:
                await self._hand.carry_out(command)
            self._observe_finished(stopped_by, cap)

    # -- one command -----------------------------------------------------------------------------------------------

    def _next_command(self, *, paused: bool = False, finished: bool = False) -> Command | None:
        """The next live command that can be carried out, journaled; rejected ones are only acknowledged."""
        while (command := self._setting.mailbox.take()) is not None:
            if (known := self._ledger.journal.commands.get(command.id)) is not None:
                self._acknowledge(command.id, known, None)
                continue
            try:
                self._check(command, paused=paused, finished=finished)
            except RejectedCommand as rejection:
                self._acknowledge(command.id, None, str(rejection))
                continue
            event = self._ledger.append("human", command.as_payload())
            self._acknowledge(command.id, event.seq, None)
            return command
        return None

    def _check(self, command: Command, *, paused: bool, finished: bool) -> None:
        name = command.command
        if name in ("pause", "resume", "cancel"):
            if finished:
                raise RejectedCommand("command", f"command: the run has finished, there is nothing to {name}")
            if name == "resume" and not paused:
                raise RejectedCommand("command", "command: the run is not paused")
        elif name == "raise_budget":
            stopped_by = (self._ledger.tree.finished or {}).get("stopped_by") if finished else None
            if stopped_by in ("completed", "cancelled"):
                raise RejectedCommand("budget", f"budget: the run is {stopped_by}; fork it to search on")
            try:
                self._ledger.budget.caps.raised(command.budget or {})
            except ValueError as error:
                raise RejectedCommand("budget", str(error)) from error
        else:
            self._hand.check(command)

    async def _apply(self, command: Command, paused: bool) -> bool:
        """Carry out a command on a running search; returns whether it is paused now."""
        if command.command == "pause":
            return True
        if command.command == "resume":
            return False
        if command.command == "cancel":
            raise Cancelled
        if command.command == "raise_budget":
            self._raise_budget(command)
        else:
            await self._hand.carry_out(command)
        return paused

    def _raise_budget(self, command: Command) -> None:
        self._ledger.budget.caps = self._ledger.budget.caps.raised(command.budget or {})
        self._ledger.observe_budget()

    # -- the end ---------------------------------------------------------------------------------------------------

    def _overdue(self) -> bool:
        seconds = self._ledger.budget.caps.seconds
        return seconds is not None and self._setting.clock() >= seconds

    def _goes_on(self, cap: str | None, before: Caps) -> bool:
        """True if the cap that stopped the run was raised (the clock is not asked: replay has another)."""
        if cap is None:
            return False
        now, then = getattr(self._ledger.budget.caps, cap), getattr(before, cap)
        return now is None or (then is not None and now > then)

    def _observe_finished(self, stopped_by: str, cap: str | None) -> None:
        tree = self._ledger.tree
        answer = self._answer(tree)
        node = None if answer.node is None else tree[answer.node]
        payload: Payload = {"stopped_by": stopped_by}
        if cap is not None:
            payload["cap"] = cap
        payload |= {
            "node": answer.node,
            "answer": None if node is None else node.answer if node.answer is not None else node.step,
            "correct": None if node is None else node.correct,
            "path": [] if node is None else [step.index for step in tree.path(node)],
        }
        if answer.votes is not None:
            payload["votes"] = answer.votes
        payload |= {"rule": answer.rule, "revision": 0 if tree.finished is None else tree.finished["revision"] + 1}
        self._ledger.observe("finished", payload)
