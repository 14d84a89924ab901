"""Waiting for a model: a person's cancel or prune, and the deadline, reach the work that is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from search.commands import Command
from search.ledger import Ledger
from search.policies.base import Cancellation
from search.setting import Setting
from search.tree import Node, Tree

Result = TypeVar("Result")


@contextmanager
def attending(
    ledger: Ledger, setting: Setting, interrupt: Callable[[], None], pruned: Callable[[int], None] | None = None
) -> Iterator[None]:
    """While a model works: call `interrupt` on a cancel or at the deadline, `pruned` with each node a person prunes."""
    loop = asyncio.get_running_loop()
    seconds = ledger.budget.caps.seconds
    timer = None if seconds is None else loop.call_later(max(0.0, seconds - setting.clock()), interrupt)

    def hear(command: Command) -> None:
        if command.id in ledger.journal.commands:
            return  # it was carried out already
        if command.command == "cancel":
            loop.call_soon_threadsafe(interrupt)
        elif command.command == "prune" and command.node is not None and pruned is not None:
            loop.call_soon_threadsafe(pruned, command.node)

    setting.mailbox.listen(hear)
    try:
        yield
    finally:
        setting.mailbox.listen(None)
        if timer is not None:
            timer.cancel()


def withdrawing(tree: Tree, askers: Sequence[Node], cancellation: Cancellation) -> Callable[[int], None]:
    """What to do when a person prunes a node meanwhile: abort the samples below it. Sample i continues `askers[i]`.

    The command itself waits for the gate, as every command does; this only spares the tokens.
    """

    def withdraw(node: int) -> None:
        if 0 < node < len(tree) and tree[node].status != "pruned":
            gone = {below.index for below in tree.held_by(tree[node])}
            cancellation.withdraw(at for at, asker in enumerate(askers) if asker.index in gone)

    return withdraw


async def in_turn(work: Coroutine[Any, Any, Result]) -> Result:
    """What the work comes to; others get their turn first: a second effect is refused however quick a model is."""
    try:
        await asyncio.sleep(0)
    except BaseException:
        work.close()
        raise
    return await work


async def unless(dropped: asyncio.Future[None], work: Coroutine[Any, Any, Result]) -> Result | None:
    """What the work comes to; None as soon as `dropped` has a result."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.sleep(0)
        if not task.done():  # what is answered at once is not waited for
            either: set[asyncio.Future[Any]] = {task, dropped}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        task.cancel()
