"""What axe finds on every page: nothing that keeps people out (WCAG 2.2 A and AA), in both themes and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack, wait_until

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
RUN = """() => axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  resultTypes: ['violations'],
})"""
SERIOUS = {"serious", "critical"}
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 420, "height": 860}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def finished(stack: Stack) -> dict[str, str]:
    """Addresses of the pages, with a finished beam search in them."""
    _, session = stack.request("POST", "/sessions", {"title": "For everybody", "tags": ["axe"]})
    body = {"problem": {"text": "2 3 6 10 -> 24"}, "algorithm": "beam", "seed": 3}
    runs = [stack.request("POST", f"/sessions/{session['id']}/runs", body)[1]["id"] for _ in range(2)]
    for run in runs:
        wait_until(lambda run=run: stack.request("GET", f"/runs/{run}")[1]["state"] == "completed", 60, "the end")
    return {
        "sessions": "/",
        "session": f"/sessions/{session['id']}",
        "new": "/new",
        "explorer": f"/runs/{runs[0]}",
        "compare": f"/sessions/{session['id']}/compare?run={runs[0]}&run={runs[1]}",
    }


@pytest.fixture(scope="module")
def pages(login_state: Any, browser: Browser) -> Iterator[Page]:
    """One logged-in page for all of them: axe is slow enough."""
    page = ExplorerPage(browser, login_state).page
    page.emulate_media(reduced_motion="reduce")  # axe must not measure a colour half way to another
    yield page
    page.close()


def violations(page: Page) -> list[str]:
    """What axe calls serious or critical, with the elements."""
    # Evaluated by the debugger, past the Content-Security-Policy: a script element would rightly be refused.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN)["violations"]
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("name", ["sessions", "session", "new", "explorer", "compare"])
def test_axe_finds_nothing_serious(pages: Page, stack: Stack, finished: dict[str, str], name: str) -> None:
    pages.set_viewport_size(WIDE)
    pages.goto(f"{stack.url}{finished[name]}")
    pages.wait_for_load_state("networkidle")
    if name == "explorer":
        pages.get_by_role("treeitem").nth(3).click()
        pages.get_by_test_id("why").wait_for()
    assert violations(pages) == []
    pages.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(pages) == []
    if name == "explorer":
        pages.set_viewport_size(PHONE)
        assert violations(pages) == []
