"""The explorer page as a person has it in front of them: what is drawn, what is read, what is pressed."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
# A violation is also an event of the document; both are listened to, since a console message may be swallowed.
LISTEN = "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP: ' + e.violatedDirective))"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or the one that the environment names, or Playwright's own."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class ExplorerPage:
    """Wraps a Playwright page; `complaints` collects errors of scripts, resources and the Content-Security-Policy."""

    def __init__(self, browser: Browser, state: Any = None, *, touch: bool = False) -> None:
        """`state`: cookies of somebody who is logged in (tests/e2e/conftest.py)."""
        self.page: Page = browser.new_page(
            viewport={"width": 1440, "height": 900}, storage_state=state, has_touch=touch
        )
        self.complaints: list[str] = []
        self.page.add_init_script(LISTEN)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    # -- what is shown -------------------------------------------------------------------------------------------------

    @property
    def tree(self) -> Locator:
        return self.page.get_by_test_id("tree")

    def nodes(self) -> int:
        """How many nodes the drawn tree has."""
        found = re.search(r"with (\d+) nodes", self.tree.get_attribute("aria-label") or "")
        return int(found[1]) if found else 0

    def seq(self) -> int:
        """The last event the page has folded."""
        return int(self.page.get_by_label("Event shown").get_attribute("max") or 0)

    def state(self) -> str:
        return self.page.locator("[data-state]").get_attribute("data-state") or ""

    def why(self) -> str:
        """The sentence about the selected step."""
        return self.page.get_by_test_id("why").inner_text()

    def outline(self) -> list[str]:
        """The rows of the outline that are in view."""
        return self.page.get_by_role("treeitem").all_inner_texts()

    def pruned_rows(self) -> int:
        """How many rows in view are marked as pruned."""
        return self.page.locator("[role=treeitem].gone").count()

    # -- what is done --------------------------------------------------------------------------------------------------

    def place(self, node: int) -> tuple[float, float]:
        """Where a node is drawn, in page pixels, once the picture has come to rest."""
        before: Any = None
        for _ in range(40):
            at, box = self.tree.evaluate("(canvas, node) => canvas.locate(node)", node), self.tree.bounding_box()
            if at and box and (at, box) == before:
                return box["x"] + at["x"], box["y"] + at["y"]
            before = (at, box)
            self.page.wait_for_timeout(100)
        raise AssertionError(f"node {node} is not drawn, or never at rest: {before}")

    def drawn_at(self, x: float, y: float) -> int:
        """How many colours the picture has within 6 pixels of a point: 1 is bare ground."""
        return int(
            self.tree.evaluate(
                """(canvas, [x, y]) => {
                    const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width
                    const at = [x - box.x - 6, y - box.y - 6].map((side) => Math.round(side * ratio))
                    const { data } = canvas.getContext('2d').getImageData(at[0], at[1], 12 * ratio, 12 * ratio)
                    const colours = new Set()
                    for (let i = 0; i < data.length; i += 4) colours.add(data.slice(i, i + 3).join())
                    return colours.size
                }""",
                [x, y],
            )
        )

    def in_view(self, node: int) -> bool:
        """True if the node lies well inside the picture, where a person could point at it."""
        box = self.tree.bounding_box()
        x, y = self.place(node)
        assert box is not None
        return box["x"] + 20 < x < box["x"] + box["width"] - 20 and box["y"] + 20 < y < box["y"] + box["height"] - 120

    def click_node(self, node: int) -> None:
        """Clicks the pixels that show the node, after looking that they show something.

        In a tree that still grows the picture may move between look and click: it aims again, as a person would.
        """
        heading = self.page.get_by_role("heading", name=f"node {node}")
        for _ in range(3):
            x, y = self.place(node)
            self.until(lambda at=(x, y): self.drawn_at(*at) > 1, 10, f"something drawn where node {node} should be")
            self.page.mouse.click(x, y)
            with suppress(AssertionError):
                expect(heading).to_be_visible(timeout=2000)
                return
        raise AssertionError(f"node {node} was not selected by a click on it")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def until(self, condition: Callable[[], Any], seconds: float, what: str) -> None:
        """Waits while the page lives on (the Content-Security-Policy forbids Playwright's own polling in the page)."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
            self.page.wait_for_timeout(40)

    def wait_for(self, state: str, seconds: float = 120) -> None:
        """Until the page shows this state of the run."""
        self.page.locator(f"[data-state={state}]").wait_for(timeout=seconds * 1000)
