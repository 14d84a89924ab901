"""An experiment in a real browser: made in the form, run by the worker, read in tables and charts, down to a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack


@pytest.fixture
def person(login_state: Any) -> Iterator[ExplorerPage]:
    """The owner's browser; no policy is violated and no script fails."""
    with chromium() as browser:
        explorer = ExplorerPage(browser, login_state)
        yield explorer
        assert explorer.complaints == []


def fill_in(page: Page) -> None:
    page.get_by_label("Title").fill("Two strategies")
    problems = page.get_by_role("region", name="Problem sets")
    problems.get_by_label("Numbers").fill("3")
    problems.get_by_label("How many").fill("2")
    strategies = page.get_by_role("region", name="Strategies")
    strategies.get_by_label("Strategy 1", exact=True).select_option("greedy")
    page.get_by_label("Generated tokens").fill("120")


def test_from_the_form_to_the_tree_of_a_failed_run(person: ExplorerPage, stack: Stack) -> None:
    page = person.page
    page.goto(stack.url)
    page.get_by_role("link", name="Experiments").click()
    page.get_by_role("link", name="Compare strategies").or_(page.get_by_role("link", name="New experiment")).click()
    fill_in(page)
    page.get_by_role("button", name="Start 4 runs").click()
    expect(page.get_by_role("heading", name="Two strategies")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("4 of 4 runs done", timeout=60_000)
    table = page.get_by_role("table").first
    expect(table.get_by_role("row")).to_have_count(3, timeout=30_000)
    expect(table.get_by_role("rowheader", name="greedy")).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the report").click()
    assert "Strategies at equal budgets" in download.value.path().read_text(encoding="utf-8")
    page.set_viewport_size({"width": 420, "height": 800})
    person.until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 420, 5, "a page no wider than itself")
