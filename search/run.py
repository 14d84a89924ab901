"""Runs a search from its header and journal to its next rest: finished, paused, or replayed to the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from search.algorithms import algorithm_named
from search.budget import Caps
from search.commands import Mailbox
from search.events import Event
from search.gate import Acknowledge, Cancelled, Ended, Gate, Paused
from search.journal import Journal, Sink
from search.ledger import Ledger
from search.policies.base import Policy
from search.reducer import fold
from search.rewards.base import Reward
from search.search import Search
from search.setting import Setting
from search.tree import Tree
from search.truth import Truth
from search.verdicts import verify


@dataclass(frozen=True)
class Outcome:
    """Where a run came to rest. `stopped_by`, `cap` and the answer are those of the last `finished` event."""

    state: Literal["completed", "cancelled", "paused"]
    stopped_by: str | None
    cap: str | None
    node: int | None
    answer: str | None
    correct: bool | None
    revision: int | None
    tree: Tree

    @classmethod
    def of(cls, tree: Tree, *, paused: bool = False) -> Outcome:
        """The outcome a tree shows."""
        finished = tree.finished or {}
        stopped_by = finished.get("stopped_by")
        return cls(
            state="paused" if paused else "cancelled" if stopped_by == "cancelled" else "completed",
            stopped_by=stopped_by,
            cap=finished.get("cap"),
            node=finished.get("node"),
            answer=finished.get("answer"),
            correct=finished.get("correct"),
            revision=finished.get("revision"),
            tree=tree,
        )


async def run_search(
    header: dict[str, Any],
    stored: Sequence[Event] = (),
    *,
    policy: Policy | None,
    reward: Reward | None,
    also_rewards: Sequence[Reward] | None = None,
    sink: Sink | None = None,
    mailbox: Mailbox | None = None,
    clock: Callable[[], float] | None = None,
    acknowledge: Acknowledge | None = None,
    replay_finished: bool = False,
    draft: Policy | None = None,
) -> Outcome:
    """Replay `stored` (checked on the way), then go on live until the run finishes or is paused.

    `header` comes from `search.spec.header_of`. New events go to `sink`; commands come from `mailbox`, and what became
    of each goes to `acknowledge`. `clock` gives the active seconds so far, earlier attempts included; by default those
    of this attempt. Without the models a journal can be replayed, but not continued. On a finished run the
    waiting commands are applied to the folded tree, and the answer gets a new revision after each; `replay_finished`
    replays its coroutine too, which checks the whole journal.

    Raises:
        NonDeterministicReplay: the journal and the replay differ.
        JournalEnds: an unfinished journal was replayed without models.
        PolicyError, RewardError: a model failed; everything journaled so far holds.
    """
    started = time.monotonic()
    problem = header["problem"]
    setting = Setting.of(
        header,
        policy=policy,
        reward=reward,
        also_rewards=also_rewards,
        truth=Truth.of(problem["text"], problem["answer"], problem["verifier"]),
        clock=clock or (lambda: time.monotonic() - started),
        mailbox=mailbox,
        draft=draft,
    )
    algorithm_type = algorithm_named(header["algorithm"])
    algorithm = algorithm_type(algorithm_type.params_type().model_validate(header["params"]))
    caps = Caps(**header["budget"])
    warm = header.get("warm_start", {}).get("seq", 0)

    end = None if replay_finished else _finished_at(stored, warm, setting.mailbox)
    position = warm if end is None else end
    tree = fold(stored[:position])
    if end is not None:
        caps = Caps(**stored_caps(tree))
    ledger = Ledger(Journal(stored, sink, position=position), caps, tree)
    gate = Gate(ledger, setting, algorithm.answer, acknowledge, algorithm.below)
    try:
        if end is not None:
            await gate.attend_finished()
        else:
            await _begin(ledger, gate, setting)
            search = Search(ledger, setting, gate)
            await algorithm.run(search)
            while search.short is not None:  # the strategy made do with less than it asked for
                cap, search.short, search.going_on = search.short, None, True
                await gate.finish("budget", cap)
                await algorithm.run(search)
            await gate.finish("completed")
    except Cancelled:
        try:
            await gate.finish("cancelled")
        except Ended:
            pass
    except Ended:
        pass
    except Paused:
        return Outcome.of(tree, paused=True)
    finally:
        gate.close()
    return Outcome.of(tree)


def stored_caps(tree: Tree) -> dict[str, Any]:
    """The caps in force at the end of a folded journal."""
    return dict(tree.budget["caps"]) if tree.budget is not None else {}


async def _begin(ledger: Ledger, gate: Gate, setting: Setting) -> None:
    """The problem as root; a warm start has its tree already."""
    if not ledger.tree.nodes:
        ledger.observe(
            "node_added",
            {
                "index": 0,
                "parents": [],
                "depth": 0,
                "kind": "root",
                "key": "0",
                "text": setting.problem,
                "tokens": 0,
                "finish": None,
                "logprob": None,
                "prior": None,
            },
        )
        await verify(gate.effects, [ledger.tree.root])
    ledger.observe_budget()
    await gate.open()


def _finished_at(stored: Sequence[Event], warm: int, mailbox: Mailbox) -> int | None:
    """How many events to fold when the run has finished and nothing sends its coroutine on; else None.

    Only a raised budget does, on a run that had stopped for it: then the coroutine is replayed to where it stood.
    """
    for position in range(len(stored), warm, -1):
        event = stored[position - 1]
        if event.kind == "human" and event.payload["command"] in ("raise_budget", "resume", "pause", "cancel"):
            return None
        if event.kind == "finished":
            stopped = event.payload["stopped_by"] in ("budget", "deadline")
            return None if stopped and mailbox.holds("raise_budget") else position
    return None
