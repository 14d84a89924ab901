"""What cuts into a step that is being written: a cancel, a prune, the deadline, a worker that goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from search.commands import Command, Mailbox
from search.events import Event
from search.policies.base import Cancellation, StepRequest, StepSample
from search.reducer import fold
from search.rewards.base import PathScore, ScoreRequest
from search.run import run_search
from tests.search.support.runs import command, grown, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, judge_countdown, play_countdown

BEAM = {"width": 2, "proposals": 2}
FIRST_GATE = 12  # the budget event after the first level's four nodes


class SlowPolicy(ScriptedPolicy):
    """Writes one token every 5 ms and looks for an abort between them, as an engine does."""

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        whole = await super().generate(requests, cancellation)
        for written in range(1, max(sample.tokens for sample in whole)):
            await asyncio.sleep(0.005)
            if cancellation is not None and cancellation.requested:
                return [_cut(sample, written) for sample in whole]
            for at in () if cancellation is None else cancellation.withdrawn:
                whole[at] = _cut(whole[at], written)
        return whole


def _cut(sample: StepSample, written: int) -> StepSample:
    if sample.tokens <= written:
        return sample
    return StepSample(
        sample.text[:written], sample.token_ids[:written], sample.logprobs[:written], "aborted", sample.prompt_tokens
    )


async def steered(head: dict, after: float, *commands: Command, **models: object) -> tuple[list[Event], float]:
    """Run with real models' pace; the commands arrive `after` seconds. The events, and the seconds from then on."""
    events: list[Event] = []
    mailbox = Mailbox()
    started = time.monotonic()
    task = asyncio.ensure_future(
        run_search(
            head,
            policy=models.get("policy", SlowPolicy(play_countdown)),
            reward=models.get("reward", ScriptedReward(judge_countdown)),
            sink=lambda seq, kind, payload: events.append(Event(seq, kind, payload)),
            mailbox=mailbox,
        )
    )
    if commands:
        await asyncio.sleep(after)
        started = time.monotonic()
        await asyncio.to_thread(lambda: [mailbox.put(c) for c in commands])
    await task
    return events, time.monotonic() - started


async def test_a_cancel_aborts_the_step_under_way_and_keeps_what_was_written():
    events, seconds = await steered(header("best_of_n", {"n": 3}), 0.06, command("cancel"))
    assert seconds < 1.0
    samples = next(event.payload["samples"] for event in events if event.kind == "generate")
    assert {sample["finish"] for sample in samples} == {"aborted"}
    assert all(0 < sample["tokens"] < 25 for sample in samples)
    tree = fold(events)
    assert tree.counters.tokens == sum(sample["tokens"] for sample in samples)
    assert tree.finished is not None
    assert (tree.finished["stopped_by"], tree.finished["node"]) == ("cancelled", None)


class PrunedMeanwhile(SlowPolicy):
    """A person prunes a node while the second call is under way."""

    def __init__(self, mailbox: Mailbox, node: int) -> None:
        super().__init__(play_countdown)
        self._mailbox = mailbox
        self._node = node

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        if len(self.batches) == 1:
            await asyncio.to_thread(self._mailbox.put, command("prune", node=self._node))
        return await super().generate(requests, cancellation)


async def test_a_prune_aborts_what_is_being_written_below_it_and_nothing_else():
    head = header("beam", {"width": 3, "proposals": 2})
    undisturbed = await play(head)
    doomed = undisturbed.payloads("generate")[1]["requests"][1]["node"]
    events: list[Event] = []
    mailbox = Mailbox()
    outcome = await run_search(
        head,
        policy=PrunedMeanwhile(mailbox, doomed),
        reward=ScriptedReward(judge_countdown),
        sink=lambda seq, kind, payload: events.append(Event(seq, kind, payload)),
        mailbox=mailbox,
    )
    tree, samples = outcome.tree, [e.payload["samples"] for e in events if e.kind == "generate"][1]
    below = [sample["finish"] == "aborted" for sample in samples if tree[sample["node"]].parents == (doomed,)]
    others = [sample["finish"] == "aborted" for sample in samples if tree[sample["node"]].parents != (doomed,)]
    assert (below, others) == ([True] * 2, [False] * 4)
    assert all(0 < sample["tokens"] < 25 for sample in samples if sample["finish"] == "aborted")
    assert [tree[child].status for child in tree[doomed].children] == ["pruned"] * 2
    assert tree.counters.tokens == sum(node.tokens for node in tree.nodes)
    replayed = await run_search(head, events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
    assert replayed.tree.as_dict() == tree.as_dict()


async def test_the_deadline_aborts_the_step_under_way():
    head = header("best_of_n", {"n": 3}, budget={"seconds": 0.06})
    events, seconds = await steered(head, 0)
    assert seconds < 1.0
    assert [event.kind for event in events[-2:]] == ["deadline", "finished"]
    assert (events[-1].payload["stopped_by"], events[-1].payload["cap"]) == ("deadline", "seconds")
    replayed = await run_search(head, events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
    assert replayed.tree.as_dict() == fold(events).as_dict()


class StuckReward(ScriptedReward):
    """Never comes back."""

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits for an hour")


async def test_a_cancel_drops_the_score_under_way():
    head = header("beam", BEAM)
    reward = StuckReward(judge_countdown)
    events, seconds = await steered(
        {**head, "reward": reward.describe()},
        0.2,
        command("hint", node=1, text="refused"),
        command("prune", node=2),
        command("cancel"),
        policy=ScriptedPolicy(play_countdown),
        reward=reward,
    )
    assert seconds < 1.0
    assert [e.payload["command"] for e in events if e.kind == "human"] == ["prune", "cancel"]
    assert [e for e in events if e.kind == "score"] == []
    for cut in range(FIRST_GATE, len(events)):
        again = await play(head, events[:cut], commands=[command("prune", node=2), command("cancel")])
        assert again.events == events


async def test_a_raised_deadline_goes_on():
    ticks = iter(range(10_000))
    head = header("beam", BEAM, budget={"seconds": 5.0})
    stopped = await play(head, clock=lambda: float(next(ticks)))
    assert stopped.outcome.stopped_by == "deadline"
    raised = await play(head, stopped.events, commands=[command("raise_budget", budget={"seconds": None})])
    assert raised.outcome.stopped_by == "completed"
    assert grown(raised) == grown(await play(header("beam", BEAM)))


async def test_a_worker_that_goes_away_takes_its_model_calls_along():
    reward = StuckReward(judge_countdown)
    task = asyncio.ensure_future(run_search(header("beam", BEAM), policy=ScriptedPolicy(play_countdown), reward=reward))
    await asyncio.sleep(0.1)
    before = len(asyncio.all_tasks())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) < before
    assert [t for t in asyncio.all_tasks() if "score" in repr(t.get_coro())] == []
