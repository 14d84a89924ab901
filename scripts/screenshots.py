"""Draw docs/screenshots anew from a running Espalier: `.venv/bin/python scripts/screenshots.py LOGIN_LINK`.

Takes the login link that `make run` printed (each is good for one login) and the owner's token from $ESPALIER_HOME.
Starts one beam search and one particle filter with fixed seeds, waits for them, and photographs them in both themes.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "docs" / "screenshots"
PHONE: ViewportSize = {"width": 420, "height": 860}
PROBLEM = "2 3 6 10 -> 24"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def asked(base: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call of the API as the local owner."""
    home = Path(os.environ.get("ESPALIER_HOME", ROOT / "var"))
    headers = {"Authorization": f"Bearer {(home / 'owner.token').read_text().strip()}"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{base}/api/v1{path}", data=content, headers={**headers, "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer))


def grown(base: str, session: str, algorithm: str, seed: int, params: dict[str, Any]) -> str:
    """The id of a finished run."""
    body = {"problem": {"text": PROBLEM}, "algorithm": algorithm, "seed": seed, "params": params}
    run = asked(base, f"/sessions/{session}/runs", body)
    for _ in range(240):
        if asked(base, f"/runs/{run['id']}")["state"] in {"completed", "failed", "cancelled"}:
            return str(run["id"])
        time.sleep(0.5)
    raise SystemExit(f"{algorithm}: the run did not finish within two minutes")


def photograph(page: Page, address: str, name: str, *, click_pruned: bool = False) -> None:
    """One page as PNG, after its drawing and charts have settled."""
    page.goto(address)
    page.wait_for_timeout(4000)
    if click_pruned:
        page.get_by_role("treeitem").nth(4).click()
        page.wait_for_timeout(1500)
    page.screenshot(path=SHOTS / f"{name}.png")


def main(link: str) -> None:
    """All pages, in both themes."""
    parts = urlsplit(link)
    base = f"{parts.scheme}://{parts.netloc}"
    SHOTS.mkdir(parents=True, exist_ok=True)
    session = str(asked(base, "/sessions", {"title": "Game of 24"})["id"])
    beam = grown(base, session, "beam", 3, {})
    particles = grown(base, session, "particle_filter", 2, {})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=FLAGS
        )
        login: Any = None
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": 1440, "height": 900},
                color_scheme="light" if theme == "light" else "dark",
                storage_state=login,
            )
            page = context.new_page()
            if login is None:
                page.goto(link)
                page.wait_for_timeout(1000)
                login = context.storage_state()
            photograph(page, f"{base}/runs/{beam}", f"explorer-{theme}", click_pruned=True)
            photograph(page, f"{base}/runs/{particles}", f"particles-{theme}")
            photograph(page, f"{base}/new", f"new-{theme}")
            photograph(page, f"{base}/sessions/{session}", f"session-{theme}")
            photograph(page, f"{base}/sessions/{session}/compare?run={beam}&run={particles}", f"compare-{theme}")
            photograph(page, f"{base}/", f"sessions-{theme}")
            page.set_viewport_size(PHONE)
            photograph(page, f"{base}/runs/{beam}", f"phone-{theme}")
            context.close()
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
