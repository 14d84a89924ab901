"""What a websocket is sent, whatever happens to Redis, to the client or to the run."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.explorer.store.announce import Announcer
from app.explorer.store.pool import Pool
from app.live import feed, reader
from tests.live.sockets import Socket, Story, shown


async def test_hello_then_everything_after_what_the_client_has(db: Pool) -> None:
    story = await Story.begin(db)
    await story.write(30, tokens=12)
    socket = Socket(story.run.pk, 10, token=story.token)
    await socket.open()
    assert await socket.next() == {
        "type": "hello",
        "run": str(story.run.pk),
        "head": 30,
        "state": "running",
        "counters": {
            "tokens": 12, "prompt_tokens": 0, "policy_calls": 0, "reward_calls": 0, "nodes": 0, "seconds": 0.0,
            "lost_tokens": 0,
        },
        "revision": 0,
    }  # fmt: skip
    batch = await socket.next()
    assert (batch["type"], batch["from_seq"], batch["to_seq"], batch["state"]) == ("batch", 11, 30, "running")
    assert shown(socket.events) == story.shown[10:]
    await socket.close()


async def test_an_announced_flush_arrives_at_once_and_an_unannounced_one_within_the_poll(db: Pool) -> None:
    story = await Story.begin(db)
    socket = Socket(story.run.pk, token=story.token)
    await socket.open()
    await socket.next()
    await asyncio.sleep(0.3)
    announcer = Announcer(story.run.pk)
    began = time.monotonic()
    await story.write(3)
    announcer.say(3)
    await socket.until("batch")
    announced = time.monotonic() - began
    began = time.monotonic()
    await story.write(3)
    await socket.until("batch")
    silent = time.monotonic() - began
    await announcer.close()
    assert announced < 0.9, "the announcement was not heard, only the poll"
    assert silent < 2.0
    assert shown(socket.events) == story.shown
    await socket.close()


async def test_a_change_of_state_without_events_is_told(db: Pool) -> None:
    story = await Story.begin(db)
    await story.write(5)
    socket = Socket(story.run.pk, 5, token=story.token)
    await socket.open()
    await socket.next()
    await story.write(0, state="paused")
    batch = await socket.until("batch")
    assert (batch["events"], batch["from_seq"], batch["to_seq"], batch["state"]) == ([], 6, 5, "paused")
    await socket.close()


async def test_end_and_then_a_later_revision(db: Pool) -> None:
    story = await Story.begin(db)
    socket = Socket(story.run.pk, token=story.token)
    await socket.open()
    await story.write(9, state="completed", stopped_by="budget", answer="24", correct=True)
    end = await socket.until("end")
    assert end == {
        "type": "end", "run": str(story.run.pk), "final_seq": 9, "state": "completed", "stopped_by": "budget",
        "answer": "24", "correct": True,
    }  # fmt: skip
    await story.write(4, revision=1)
    assert (await socket.until("end"))["final_seq"] == 13
    assert shown(socket.events) == story.shown
    assert await socket.silent()
    await socket.close()


async def test_a_socket_on_a_finished_run_hears_its_end(db: Pool) -> None:
    story = await Story.begin(db)
    await story.write(4, state="failed", stopped_by="error")
    socket = Socket(story.run.pk, 4, token=story.token)
    await socket.open()
    assert (await socket.next())["type"] == "hello"
    assert (await socket.next())["state"] == "failed"
    await socket.close()


async def test_a_client_that_has_more_than_the_database_begins_at_its_head(db: Pool) -> None:
    story = await Story.begin(db)
    await story.write(3)
    socket = Socket(story.run.pk, 99, token=story.token)
    await socket.open()
    assert (await socket.next())["head"] == 3
    await story.write(2)
    assert (await socket.until("batch"))["from_seq"] == 4
    await socket.close()


async def test_sockets_that_come_and_go_while_events_are_written_miss_and_double_nothing(db: Pool) -> None:
    story = await Story.begin(db)
    announcer = Announcer(story.run.pk)
    writing = True

    async def write() -> None:
        for _ in range(40):
            await story.write(7)
            announcer.say(len(story.journal))
            await asyncio.sleep(0.02)

    async def watch() -> list[tuple[int, str, object]]:
        seen: list[tuple[int, str, object]] = []
        while writing or len(seen) < len(story.journal):
            socket = Socket(story.run.pk, len(seen), token=story.token)
            await socket.open()
            await socket.next()
            for _ in range(3):  # then the connection is cut
                try:
                    await socket.next(1.5)
                except TimeoutError:
                    break
            seen += shown(socket.events)
            await socket.close()
        return seen

    watchers = [asyncio.create_task(watch()) for _ in range(5)]
    await write()
    writing = False
    for seen in await asyncio.gather(*watchers):
        assert seen == story.shown
    await announcer.close()


async def test_one_reader_for_many_sockets(db: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    story = await Story.begin(db)
    sockets = [Socket(story.run.pk, token=story.token) for _ in range(8)]
    for socket in sockets:
        await socket.open()
        await socket.next()
    await asyncio.sleep(0.2)
    reads = []
    real = reader.read_events

    async def counted(*arguments: object) -> object:
        reads.append(arguments)
        return await real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "read_events", counted)
    await story.write(20)
    for socket in sockets:
        await socket.until("batch")
        assert shown(socket.events) == story.shown
    assert len(reads) == 1
    for socket in sockets:
        await socket.close()


async def test_a_socket_that_does_not_read_is_told_to_come_again(db: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "QUEUE_FRAMES", 2)
    monkeypatch.setattr(feed, "MERGE_SECONDS", 0.0)
    story = await Story.begin(db)
    from app.live.consumer import RunConsumer

    gate = asyncio.Event()
    real = RunConsumer.send

    async def slow(self: RunConsumer, *arguments: object, **more: object) -> None:
        if self.told:  # type: ignore[attr-defined]
            await gate.wait()
        self.told = True  # type: ignore[attr-defined]
        await real(self, *arguments, **more)

    monkeypatch.setattr(RunConsumer, "told", False, raising=False)
    monkeypatch.setattr(RunConsumer, "send", slow)
    socket = Socket(story.run.pk, token=story.token)
    await socket.open()
    await socket.next()
    await asyncio.sleep(0.3)
    announcer = Announcer(story.run.pk)
    watchers = [watcher for made in feed._feeds.values() for one in made.values() for watcher in one._watchers]
    async with asyncio.timeout(20):
        while not any(watcher.overflowed for watcher in watchers):
            await story.write(2)
            announcer.say(len(story.journal))
            await asyncio.sleep(0.1)
    gate.set()
    resync = await socket.until("resync")
    assert (await socket.next())["type"] == "close"
    assert resync["after"] == len(socket.events) < len(story.journal)
    assert shown(socket.events) == story.shown[: resync["after"]]
    again = Socket(story.run.pk, resync["after"], token=story.token)
    await again.open()
    await again.until("batch")
    assert shown(socket.events + again.events) == story.shown
    await again.close()
    await announcer.close()


async def test_large_histories_come_in_frames_of_at_most_256_kilobytes(db: Pool) -> None:
    story = await Story.begin(db)
    for _ in range(6):
        await story.write(700)
    socket = Socket(story.run.pk, token=story.token)
    await socket.open()
    while len(socket.events) < 4200:
        await socket.next()  # checks the size
    assert shown(socket.events) == story.shown
    assert len(socket.messages) > 4
    await socket.close()
