"""How the explorer bears a hundred thousand nodes: a real Chromium, a synthetic tree in PostgreSQL, the page as it is.

What is timed is what a person sees: pixels of the canvas for painting, moving and selecting, the words on the page for
selecting and searching. No hook of the page is used.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Sequence
from statistics import median
from uuid import UUID

import psutil
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, sync_playwright

from app.bench.application import Application
from app.bench.figure import Figure
from app.bench.live import ARGUMENTS, WARM_UP, percentile
from app.bench.pixels import WATCH, first_paint, frames_while, pan, zoom

NODES = 100_000
PAINT_SECONDS = 60
CLICKS = 15
QUERIES = ("97 + 9", "= 777", "(left: 5", "no such step", "#4242")
# Milliseconds from the next event of `kind` to the first frame after the words of `selector` have changed.
ANSWER = """([kind, selector]) => {
  window.answered = null
  const before = document.querySelector(selector)?.textContent
  addEventListener(kind, (event) => {
    const began = event.timeStamp
    const look = () => {
      if (document.querySelector(selector)?.textContent === before) return
      watcher.disconnect()
      requestAnimationFrame(() => setTimeout(() => { window.answered = performance.now() - began }))
    }
    const watcher = new MutationObserver(look)
    watcher.observe(document.body, { subtree: true, childList: true, characterData: true })
  }, { once: true, capture: true })
}"""
INSPECTED = "section[aria-label='Selected step'] h2, section[aria-label='Selected step'] p"
# A drawn pixel of the canvas, near its middle on the n-th try: its place on the page.
DRAWN_PIXEL = """(attempt) => {
  const tree = document.querySelector('[data-testid=tree]')
  const { data } = tree.getContext('2d').getImageData(0, 0, tree.width, tree.height)
  const places = []
  for (let y = 30; y < tree.height - 90; y += 3) for (let x = 30; x < tree.width - 30; x += 3) {
    const i = 4 * (y * tree.width + x)
    const [red, green, blue] = [data[i], data[i + 1], data[i + 2]]
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 40) places.push([x, y])
  }
  const [x, y] = places[(attempt * 7919) % places.length]
  const box = tree.getBoundingClientRect()
  return { x: box.left + x * box.width / tree.width, y: box.top + y * box.height / tree.height }
}"""


def measure() -> list[Figure]:
    """The figures of one page on one tree."""
    with Application() as espalier:
        runs, session = synthetic_runs(espalier, [NODES])
        link = espalier.call("POST", f"/sessions/{session}/share-links", {})["url"]
        with sync_playwright() as playwright:
            found = os.environ.get("CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
            try:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(link)
                page.add_init_script(WATCH)
                return _measure(page, f"http://127.0.0.1:{espalier.port}/runs/{runs[NODES]}")
            except BrowserError as error:
                raise RuntimeError(str(error).splitlines()[0]) from error
            finally:
                browser.close()


def _measure(page: Page, address: str) -> list[Figure]:
    first = first_paint(page, address, PAINT_SECONDS)
    if first is None:
        raise RuntimeError(f"nothing was painted within {PAINT_SECONDS} s")
    page.wait_for_timeout(5000)  # charts and the rest of the page come to rest
    box = page.get_by_test_id("tree").bounding_box()
    assert box is not None
    gaps = frames_while(page, lambda: pan(page, box)) + frames_while(page, lambda: zoom(page, box))
    selects = _selects(page)
    searches = _searches(page)
    megabytes = _renderer_megabytes()
    return [
        Figure("explorer.first_paint_100k_ms", round(first), "ms", 2000.0, "lower", f"{NODES:,} nodes, one opening"),
        Figure("explorer.fps_100k", round(1000 / median(gaps), 1), "frames/s", 30.0, "higher",
               f"median of {len(gaps)} changed frames while panning and zooming"),
        Figure("explorer.frame_p95_100k_ms", round(percentile(gaps, 0.95), 1), "ms", 60.0, "lower",
               f"longest {max(gaps):.0f} ms"),
        Figure("explorer.select_100k_ms", round(median(selects), 1), "ms", 50.0, "lower",
               f"median of {len(selects)} clicks, longest {max(selects):.0f} ms"),
        Figure("explorer.search_100k_ms", round(median(searches), 1), "ms", 300.0, "lower",
               f"median of {len(searches)} searches, longest {max(searches):.0f} ms"),
        Figure("explorer.memory_100k_mb", round(megabytes), "MB", 350.0, "lower", "the renderer's unshared memory"),
    ]  # fmt: skip


def synthetic_runs(espalier: Application, sizes: Sequence[int]) -> tuple[dict[int, UUID], str]:
    """A finished run with a tree of each size, and their session."""
    from app.bench.store import use_services

    use_services(espalier)
    from app.bench.synthetic import bushy, store
    from app.explorer.store.pool import close_pool, pool

    session = espalier.call("POST", "/sessions", {"title": "Explorer"})["id"]
    model = espalier.call("POST", f"/sessions/{session}/runs", WARM_UP)["id"]
    while espalier.call("GET", f"/runs/{model}")["state"] != "completed":
        time.sleep(0.5)

    async def write() -> dict[int, UUID]:
        try:
            return {size: await store(await pool(2), UUID(model), bushy(size)) for size in sizes}
        finally:
            await close_pool()

    return asyncio.run(write()), session


def _selects(page: Page) -> list[float]:
    """Milliseconds from a click on a drawn pixel to the inspector that names the node."""
    taken = []
    for attempt in range(4 * CLICKS):
        place = page.evaluate(DRAWN_PIXEL, attempt)
        page.evaluate(
            ANSWER, ["click", "section[aria-label='Selected step'] h2, section[aria-label='Selected step'] p"]
        )
        page.mouse.click(place["x"], place["y"])
        page.wait_for_timeout(400)
        if (answered := page.evaluate("window.answered")) is not None:
            taken.append(float(answered))
        if len(taken) == CLICKS:
            return taken
    raise RuntimeError(f"only {len(taken)} of {4 * CLICKS} clicks on drawn pixels selected a node")


def _searches(page: Page) -> list[float]:
    """Milliseconds from the typed words to the number of steps found."""
    field = page.get_by_role("searchbox")
    taken = []
    for query in QUERIES:
        field.fill("")
        page.wait_for_timeout(200)
        page.evaluate(ANSWER, ["input", ".search [role=status]"])
        field.fill(query)
        page.wait_for_timeout(700)
        if (answered := page.evaluate("window.answered")) is not None:
            taken.append(float(answered))
    if len(taken) < len(QUERIES):
        raise RuntimeError(f"only {len(taken)} of {len(QUERIES)} searches were answered")
    return taken


def _renderer_megabytes() -> float:
    """The largest renderer's memory that no other process shares."""
    renderers = [
        process
        for process in psutil.Process().children(recursive=True)
        if "--type=renderer" in " ".join(process.cmdline())
    ]
    return max(process.memory_full_info().uss for process in renderers) / 1e6
