"""Draw docs/screenshots anew from a running Espalier: `.venv/bin/python scripts/screenshots.py LOGIN_LINK`.

Takes the login link that `make run` printed (each is good for one login) and the owner's token from $ESPALIER_HOME.
Starts two searches, a queue and an experiment with fixed seeds, waits for them, and photographs every page in both
themes. `--width 420 --out DIR` photographs whole pages of another width into a folder, to look at.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "docs" / "screenshots"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 420, "height": 860}
PROBLEM = "3 3 4 5 -> 24"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
ENDED = {"completed", "failed", "cancelled"}
EXPERIMENT = {
    "title": "Beam and particles against sampling",
    "sets": [{"name": "countdown 4", "domain": "countdown", "size": 4, "problems": 12}],
    "strategies": [
        {"name": "sampling", "algorithm": "best_of_n", "params": {"n": 16}},
        {"name": "beam", "algorithm": "beam", "params": {"width": 4, "proposals": 4}},
        {"name": "particles", "algorithm": "particle_filter", "params": {"particles": 16}},
    ],
    "budgets": [{"tokens": 500}, {"tokens": 1000}],
    "seeds": [0],
}


class Server:
    """The running Espalier, asked as the local owner."""

    def __init__(self, base: str) -> None:
        self.base = base
        home = Path(os.environ.get("ESPALIER_HOME", ROOT / "var"))
        self._token = (home / "owner.token").read_text().strip()

    def asked(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
        """One call of the API."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.base}/api/v1{path}", data=content, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

    def ended(self, path: str) -> None:
        """Wait for a run or an experiment."""
        for _ in range(600):
            if self.asked(path)["state"] in ENDED:
                return
            time.sleep(0.5)
        raise SystemExit(f"{path} did not finish within five minutes")

    def grown(self, session: str, algorithm: str, seed: int, params: dict[str, Any]) -> str:
        """The id of a finished run."""
        body = {"problem": {"text": PROBLEM}, "algorithm": algorithm, "seed": seed, "params": params}
        run = str(self.asked(f"/sessions/{session}/runs", body)["id"])
        self.ended(f"/runs/{run}")
        return run

    def pages(self) -> dict[str, str]:
        """Every page's name → its address, with something to see on it."""
        session = str(self.asked("/sessions", {"title": "Game of 24"})["id"])
        beam = self.grown(session, "beam", 1, {})
        particles = self.grown(session, "particle_filter", 2, {})
        queue = self.asked("/queues", {"title": "Convincing but wrong", "sessions": [session], "seed": 1})["id"]
        experiment = self.asked("/experiments", EXPERIMENT)["id"]
        self.ended(f"/experiments/{experiment}")
        return {
            "explorer": f"/runs/{beam}",
            "particles": f"/runs/{particles}",
            "new": "/new",
            "session": f"/sessions/{session}",
            "compare": f"/sessions/{session}/compare?run={beam}&run={particles}",
            "sessions": "/",
            "label": f"/queues/{queue}/label",
            "queues": "/queues",
            "queue": f"/queues/{queue}",
            "new-queue": "/queues/new",
            "agreement": f"/queues/{queue}/agreement",
            "experiments": "/experiments",
            "experiment": f"/experiments/{experiment}",
            "new-experiment": "/experiments/new",
            "models": "/models",
            "new-model": "/models/new",
            "tokens": "/account/tokens",
        }


def photograph(page: Page, address: str, to: Path, *, pruned: bool = False, whole: bool = False) -> None:
    """One page as PNG, after its drawing and charts have settled."""
    page.goto(address)
    page.wait_for_timeout(4000)
    if pruned and page.get_by_role("treeitem").nth(4).is_visible():
        page.get_by_role("treeitem").nth(4).click()
        page.wait_for_timeout(1500)
    if address.endswith("/models/new"):  # a folder's path would tell where this machine keeps things
        page.get_by_role("radio", name="A server").check(force=True)
    page.screenshot(path=to, full_page=whole)


def main(link: str, width: int | None, out: Path) -> None:
    """All pages, in both themes."""
    parts = urlsplit(link)
    server = Server(f"{parts.scheme}://{parts.netloc}")
    out.mkdir(parents=True, exist_ok=True)
    pages = server.pages()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=FLAGS
        )
        login: Any = None
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={**DESK, "width": width} if width else DESK,
                color_scheme="light" if theme == "light" else "dark",
                storage_state=login,
            )
            page = context.new_page()
            if login is None:
                page.goto(link)
                page.wait_for_timeout(1000)
                login = context.storage_state()
            for name, address in pages.items():
                to = out / f"{name}-{theme}.png"
                photograph(page, server.base + address, to, pruned=name == "explorer", whole=bool(width))
            if not width:
                page.set_viewport_size(PHONE)
                photograph(page, server.base + pages["explorer"], out / f"phone-{theme}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("link", metavar="LOGIN_LINK")
    parser.add_argument("--width", type=int)
    parser.add_argument("--out", type=Path, default=SHOTS)
    asked = parser.parse_args()
    main(asked.link, asked.width, asked.out)
