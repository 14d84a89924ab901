"""A page that follows a thousand events a second for a minute: how smoothly it draws, and whether anything is missing.

The journal is synthetic (no model writes that fast) and goes the whole way: the worker's journal writer, PostgreSQL,
the announcement, the websocket, the fold in the browser, the canvas.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from statistics import median
from typing import TYPE_CHECKING
from uuid import UUID

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, sync_playwright

from app.bench.application import Application
from app.bench.figure import Figure
from app.bench.live import ARGUMENTS, LISTEN, WARM_UP
from app.bench.store import use_services
from app.bench.synthetic import Observed, begin, bushy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.worker.journal import JournalWriter

NAME, TARGET = "live.fps_at_1000eps", 20.0
RATE = 1_000  # events a second
SECONDS = 60
BEFORE = 200  # events that are there when the page opens
TICK = 0.05
LAST_PATIENCE = 20
# Every frame's time, and every task that held the page up for longer than 50 ms.
FRAMES = """
window.frameTimes = []
window.longTasks = []
requestAnimationFrame(function look(now) { window.frameTimes.push(now); requestAnimationFrame(look) })
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longTasks.push([entry.startTime, entry.duration])
}).observe({ type: 'longtask' })
"""


def measure() -> list[Figure]:
    """Frames a second, the median over the seconds of the flood."""
    try:
        with Application() as espalier:
            use_services(espalier)
            return [_measure(espalier)]
    except BrowserError as error:
        raise RuntimeError(str(error).splitlines()[0]) from error


def _measure(espalier: Application) -> Figure:
    session = espalier.call("POST", "/sessions", {"title": "Flood"})["id"]
    link = espalier.call("POST", f"/sessions/{session}/share-links", {})["url"]
    model = espalier.call("POST", f"/sessions/{session}/runs", WARM_UP)["id"]
    while espalier.call("GET", f"/runs/{model}")["state"] != "completed":
        time.sleep(0.5)
    flood = Flood(UUID(model))
    with sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(LISTEN)
            page.goto(link)
            flood.begun.wait(30)
            page.goto(f"http://127.0.0.1:{espalier.port}/runs/{flood.run}")
            page.wait_for_timeout(3000)
            return _follow(page, flood)
        finally:
            browser.close()


def _follow(page: Page, flood: Flood) -> Figure:
    page.evaluate(FRAMES)
    flood.go.set()
    while flood.flows:
        page.wait_for_timeout(500)
    until = page.evaluate("performance.now()")
    end = time.monotonic() + LAST_PATIENCE
    while time.monotonic() < end and _drawn(page) < flood.written:
        page.wait_for_timeout(200)
    frames = [at for at in page.evaluate("window.frameTimes") if at <= until]
    tasks = [(start, took) for start, took in page.evaluate("window.longTasks") if start <= until]
    rates = frames_each_second(frames)
    why = (
        f"{flood.written} events at {flood.rate:.0f} a second, drawn to {_drawn(page)};"
        f" slowest second {min(rates)} frames; longest task {max((took for _, took in tasks), default=0):.0f} ms,"
        f" {sum(took > 200 for _, took in tasks)} over 200 ms"
    )
    return Figure(NAME, float(median(rates)), "frames/s", TARGET, "higher", why)


def frames_each_second(times: list[float]) -> list[int]:
    """How many frames fell into each whole second, in ms since the page's start; 0 for a second without any."""
    first = int(times[0] // 1000) + 1
    counts = dict.fromkeys(range(first, int(times[-1] // 1000)), 0)
    for at in times:
        if at // 1000 in counts:
            counts[int(at // 1000)] += 1
    return list(counts.values())


def _drawn(page: Page) -> int:
    return int(page.evaluate("window.paintedFrames.at(-1)?.[0] ?? 0"))


class Flood:
    """Writes `BEFORE` events of a new run, waits for `go`, then `RATE` a second for `SECONDS`; on a thread."""

    def __init__(self, model: UUID) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.run: UUID | None = None
        self.written, self.rate = 0, 0.0
        self._model = model
        self._thread = threading.Thread(target=lambda: asyncio.run(self._write()), daemon=True)
        self._thread.start()

    @property
    def flows(self) -> bool:
        """Until the last event is durable."""
        return self._thread.is_alive()

    async def _write(self) -> None:
        from app.explorer.store.pool import close_pool, pool

        self.run, writer = await begin(await pool(2), self._model)
        events = enumerate(bushy(BEFORE + RATE * SECONDS), 1)  # more than are written
        self._take(writer, events, BEFORE)
        await writer.flushed()
        self.begun.set()
        await asyncio.to_thread(self.go.wait)
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < SECONDS:
            self._take(writer, events, BEFORE + int(passed * RATE))
            await asyncio.sleep(TICK)
            await writer.keep_up()
        await writer.flushed()
        self.rate = (self.written - BEFORE) / (time.perf_counter() - began)
        await writer.end("completed", 0, state="completed")
        await close_pool()

    def _take(self, writer: JournalWriter, events: Iterator[tuple[int, Observed]], upto: int) -> None:
        while self.written < upto:
            self.written, (kind, payload) = next(events)
            writer.take(self.written, kind, payload)
