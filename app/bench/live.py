"""How long an event takes from the worker's journal to the frame that draws it: a browser, one search running."""

from __future__ import annotations

import os
import shutil
import time
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from math import ceil
from typing import Any

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, sync_playwright

from app.bench.application import Application
from app.bench.figure import Figure

NAME, TARGET_MS = "live.paint_p95_ms", 300.0
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
SEARCH = {
    "problem": {"text": "2 3 5 7 11 13 -> 61"},
    "algorithm": "mcts",
    "params": {"simulations": 1500},
    "budget": {"tokens": 60_000},
    "seed": 1,
}
WARM_UP = SEARCH | {"algorithm": "greedy", "params": {}}
PATIENCE_SECONDS = 300
FEWEST_EVENTS = 200
# The page says after each frame up to which event the picture is drawn (frontend/src/explorer/tree/TreePanel.svelte).
LISTEN = """
window.paintedFrames = []
document.addEventListener('espalier:painted', ({ detail }) => window.paintedFrames.push([detail.toSeq, Date.now()]))
"""


def measure() -> list[Figure]:
    """One figure, over all events since the page drew its first frame: its opening is part of following a search."""
    try:
        with Application() as espalier:
            frames, events = _watch(espalier)
    except (BrowserError, RuntimeError) as error:
        return [Figure(NAME, None, "ms", TARGET_MS, "lower", f"not measured: {str(error).splitlines()[0]}")]
    delays = paint_delays(frames, events)
    if len(delays) < FEWEST_EVENTS:
        return [Figure(NAME, None, "ms", TARGET_MS, "lower", f"only {len(delays)} events came while the page watched")]
    why = (
        f"{len(delays)} events in {len(frames)} frames, median {percentile(delays, 0.5):.0f} ms, most {max(delays):.0f}"
    )
    return [Figure(NAME, round(percentile(delays, 0.95), 1), "ms", TARGET_MS, "lower", why)]


def paint_delays(frames: list[tuple[int, float]], events: list[tuple[int, float]]) -> list[float]:
    """Milliseconds from each event's `at` to the first frame that shows it.

    `frames` are (last event shown, time in ms), `events` are (sequence, `at` in ms), both in order. Events from before
    the first frame were there when the page came: they are left out, and so are those that no frame showed.
    """
    if not frames:
        return []
    shown = [seq for seq, _ in frames]
    delays = []
    for seq, at in events:
        place = bisect_left(shown, seq)
        if at >= frames[0][1] and place < len(frames):
            delays.append(frames[place][1] - at)
    return delays


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def _watch(espalier: Application) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    session = espalier.call("POST", "/sessions", {"title": "Paint"})["id"]
    link = espalier.call("POST", f"/sessions/{session}/share-links", {})["url"]
    # Once per worker, and not what is measured: it loads the models.
    _finish(espalier, espalier.call("POST", f"/sessions/{session}/runs", WARM_UP)["id"])
    with sync_playwright() as playwright:
        found = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(LISTEN)
            page.goto(link)
            run = espalier.call("POST", f"/sessions/{session}/runs", SEARCH)["id"]
            page.goto(f"http://127.0.0.1:{espalier.port}/runs/{run}")
            final = _finish(espalier, run, page)
            frames = page.evaluate("window.paintedFrames")
        finally:
            browser.close()
    return [(int(seq), float(at)) for seq, at in frames], list(_events(espalier, run, final["head_seq"]))


def _finish(espalier: Application, run: str, page: Page | None = None) -> dict[str, Any]:
    """Wait for the end of a run (and half a second for its last frames); raises RuntimeError when it does not come."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        answer: dict[str, Any] = espalier.call("GET", f"/runs/{run}")
        if answer["state"] == "completed":
            if page:
                page.wait_for_timeout(500)
            return answer
        if answer["state"] == "failed":
            raise RuntimeError(f"the search failed: {answer['error']}")
        # The page must be looked after, or Playwright does not let it run on.
        page.wait_for_timeout(500) if page else time.sleep(0.5)
    raise RuntimeError(f"the search did not end within {PATIENCE_SECONDS} s")


def _events(espalier: Application, run: str, head: int) -> Iterator[tuple[int, float]]:
    after = 0
    while after < head:
        for event in espalier.call("GET", f"/runs/{run}/events?after={after}&limit=1000")["items"]:
            after = event["seq"]
            yield after, datetime.fromisoformat(event["at"]).timestamp() * 1000
