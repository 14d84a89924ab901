"""The explorer beside Cytoscape.js and Sigma.js: the same trees in the same run, until painted and while moving.

The others get the explorer's own places, read off its picture, in a window of its canvas's size, as JSON that lies
ready on a server: they neither ask a database nor lay out anything, and their page holds nothing but the tree. Ours is
the whole page. First paint and frames are told from pixels, ours and theirs by the same script; everybody gets a
browser of their own, which is ended when its time is over, so that a page that no longer answers costs a limit only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, Playwright, sync_playwright

from app.bench.application import Application
from app.bench.explorer import synthetic_runs
from app.bench.figure import Figure
from app.bench.live import ARGUMENTS
from app.bench.pixels import WATCH, first_paint, frames_while, pan, zoom
from app.bench.synthetic import bushy

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).parent / "drawing"
PACKAGES = ROOT / "build" / "drawing-peers"
SIZES = (1_000, 10_000, 30_000)
COMPARED_FROM = 10_000
SCRIPTS = {
    "cytoscape": ("cytoscape/dist/cytoscape.min.js",),
    "sigma": ("graphology/dist/graphology.umd.min.js", "sigma/dist/sigma.min.js"),
}
PAINT_SECONDS = 30
MOVE_SECONDS = 10  # of each kind of movement
HARD_SECONDS = PAINT_SECONDS + 60  # then the browser is ended
WINDOW = {"width": 1440, "height": 900}
# Chromium draws WebGL in software only when it is told that this is meant.
SOFTWARE_WEBGL = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--ignore-gpu-blocklist"]
PLACES = """(canvas, count) => {
  const box = canvas.getBoundingClientRect()
  const places = Array.from({ length: count }, (_, node) => canvas.locate(node)).map(({ x, y }) => [x, y])
  return { places, width: Math.round(box.width), height: Math.round(box.height) }
}"""


@dataclass(slots=True)
class Drawn:
    """What one opening took, in ms; None where nothing was painted within PAINT_SECONDS, or nothing moved."""

    first_paint: float | None = None
    frames: list[float] = field(default_factory=list)
    layout: dict[str, Any] | None = None

    @property
    def frame(self) -> float | None:
        """The median frame of the movements."""
        return median(self.frames) if self.frames else None


def measure() -> list[Figure]:
    """Per peer, from 10,000 nodes on: their first paint ÷ ours, and their frame while panning and zooming ÷ ours."""
    _install()
    with Application() as espalier:
        runs, session = synthetic_runs(espalier, SIZES)
        link = espalier.call("POST", f"/sessions/{session}/share-links", {})["url"]
        with sync_playwright() as playwright:
            drawn = {size: _all(playwright, espalier.port, link, runs[size], size) for size in SIZES}
    return [figure for peer in SCRIPTS for figure in figures(peer, drawn)]


def _all(playwright: Playwright, port: int, link: str, run: Any, size: int) -> dict[str, Drawn]:
    """One tree, drawn by everybody in turn."""
    ours = _open(playwright, f"http://127.0.0.1:{port}/runs/{run}", WINDOW, link, size)
    drawn = {"espalier": ours}
    if ours.layout is None:
        raise RuntimeError(f"the explorer did not draw {size:,} nodes within {PAINT_SECONDS} s")
    window = {"width": ours.layout["width"], "height": ours.layout["height"]}
    tree = as_given(size, ours.layout["places"])
    for peer, scripts in SCRIPTS.items():
        code = "\n;\n".join((PACKAGES / "node_modules" / script).read_text("utf-8") for script in scripts)
        own = (PAGES / f"{peer}.js").read_text("utf-8")
        with _served(f"{code}\n;\n{own}", tree) as address:
            drawn[peer] = _open(playwright, address, window)
    return drawn


def _open(
    playwright: Playwright, address: str, window: dict[str, int], link: str | None = None, size: int | None = None
) -> Drawn:
    """Navigate, wait for the picture, move it about. With a `size` the places of so many nodes are read, too."""
    drawn = Drawn()
    with suppress(BrowserError), _browser(playwright, window) as page:
        if link is not None:
            page.goto(link)
        page.add_init_script(WATCH)
        drawn.first_paint = first_paint(page, address, PAINT_SECONDS)
        if drawn.first_paint is None:
            return drawn
        page.wait_for_timeout(3000)  # what the page has beside the picture comes to rest
        tree = page.locator("[data-testid=tree], #stage").first
        box = tree.bounding_box()
        assert box is not None
        if size is not None:
            drawn.layout = tree.evaluate(PLACES, size)
        drawn.frames += frames_while(page, lambda: pan(page, box, MOVE_SECONDS))
        drawn.frames += frames_while(page, lambda: zoom(page, box, MOVE_SECONDS))
    return drawn


@contextmanager
def _browser(playwright: Playwright, window: dict[str, int]) -> Iterator[Page]:
    """A page in a browser of its own that is ended after HARD_SECONDS: no call waits longer for it."""
    before = set(psutil.Process().children(recursive=True))
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    browser = playwright.chromium.launch(executable_path=found, args=[*ARGUMENTS, *SOFTWARE_WEBGL])
    own = set(psutil.Process().children(recursive=True)) - before
    limit = threading.Timer(HARD_SECONDS, _end, [own])
    limit.start()
    try:
        yield browser.new_page(viewport=window)  # type: ignore[arg-type]
    finally:
        limit.cancel()
        with suppress(BrowserError):
            browser.close()


def _end(processes: set[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def figures(peer: str, drawn: dict[int, dict[str, Drawn]]) -> Iterator[Figure]:
    """A peer's ratios at the sizes that count; `why` has the milliseconds at every size."""
    for size in SIZES:
        if size < COMPARED_FROM:
            continue
        theirs, ours = drawn[size][peer], drawn[size]["espalier"]
        for what, mine, other in (
            ("paint", ours.first_paint, theirs.first_paint),
            ("frame", ours.frame, theirs.frame),
        ):
            name = f"explorer.{peer}_{what}_{size // 1000}k_ratio"
            said = _said(peer, what, drawn)
            if mine is None:
                yield Figure(name, None, "×", 1.0, "higher", f"the explorer showed nothing; {said}")
            elif other is None and what == "frame":
                yield Figure(name, None, "×", 1.0, "higher", f"they had nothing to move; {said}")
            else:
                atleast = f"at least: they painted nothing within {PAINT_SECONDS} s; " if other is None else ""
                ratio = (PAINT_SECONDS * 1000 if other is None else other) / mine
                yield Figure(name, round(ratio, 2), "×", 1.0, "higher", atleast + said)


def _said(peer: str, what: str, drawn: dict[int, dict[str, Drawn]]) -> str:
    """Theirs | ours at every size."""

    def one(result: Drawn) -> str:
        value = result.first_paint if what == "paint" else result.frame
        return "–" if value is None else f"{value:.0f}"

    return "theirs | ours in ms: " + ", ".join(
        f"{size:,} nodes {one(by[peer])} | {one(by['espalier'])}" for size, by in drawn.items()
    )


def as_given(size: int, places: list[list[float]]) -> bytes:
    """The synthetic tree as the others get it: JSON columns of parents, places in pixels, and colours by reward."""
    parents, rewards = [], {}
    for kind, payload in bushy(size):
        if kind == "node_added":
            parents.append(payload["parents"][0] if payload["parents"] else -1)
        elif kind == "scored":
            rewards.update(payload["scores"])
    colours = [f"hsl(220 {round(100 * rewards.get(node, 0.5))}% 50%)" for node in range(len(parents))]
    return json.dumps({"parents": parents, "places": places, "colours": colours}).encode()


@contextmanager
def _served(scripts: str, tree: bytes) -> Iterator[str]:
    """A loopback server of the page, its scripts and the tree, all in memory."""
    answers = {
        "/": ("text/html", (PAGES / "page.html").read_bytes()),
        "/scripts.js": ("text/javascript", scripts.encode()),
        "/tree.json": ("application/json", tree),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Answers, answers))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    def __init__(self, answers: dict[str, tuple[str, bytes]], *rest: Any) -> None:
        self._answers = answers
        super().__init__(*rest)

    def do_GET(self) -> None:
        kind, body = self._answers.get(self.path, ("text/plain", b""))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def _install() -> None:
    """The pinned packages, in a folder under build/ that is no part of the application."""
    pinned = [PAGES / "package.json", PAGES / "package-lock.json"]
    known = PACKAGES / "package-lock.json"
    if (PACKAGES / "node_modules").is_dir() and known.exists() and known.read_bytes() == pinned[1].read_bytes():
        return
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for file in pinned:
        shutil.copy(file, PACKAGES)
    # Node may come from a wheel.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise RuntimeError("no npm found: Cytoscape.js and Sigma.js cannot be installed")
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=PACKAGES, env=os.environ | {"PATH": path}, check=True)
