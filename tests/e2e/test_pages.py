"""The pages around the explorer in a real browser: a guest's way in, charts under the strict policy, the two themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack, wait_until


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def guest(browser: Browser) -> Iterator[ExplorerPage]:
    """A browser that nobody logged in; whatever it does, no policy is violated and no script fails."""
    explorer = ExplorerPage(browser)
    yield explorer
    complaints = explorer.complaints
    explorer.page.close()
    assert complaints == []


@pytest.fixture(scope="module")
def shared(stack: Stack) -> dict[str, Any]:
    """A session with a finished particle filter, and a link to read it."""
    _, session = stack.request("POST", "/sessions", {"title": "Shared exploration"})
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "particle_filter", "seed": 3}
    _, run = stack.request("POST", f"/sessions/{session['id']}/runs", body)

    def finished() -> bool:
        return stack.request("GET", f"/runs/{run['id']}")[1]["state"] == "completed"

    wait_until(finished, 60, "the run's end")
    status, link = stack.request("POST", f"/sessions/{session['id']}/share-links", {})
    assert status == 201, link
    return {"session": session["id"], "run": run["id"], "url": link["url"], "link": link["id"]}


def open_charts(guest: ExplorerPage, stack: Stack, shared: dict[str, Any]) -> Page:
    guest.page.goto(shared["url"])
    guest.page.goto(f"{stack.url}/runs/{shared['run']}")
    expect(guest.page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    return guest.page


def test_a_guest_looks_and_changes_nothing(guest: ExplorerPage, stack: Stack, shared: dict[str, Any]) -> None:
    page = guest.page
    page.goto(shared["url"])
    expect(page).to_have_url(f"{stack.url}/sessions/{shared['session']}")
    expect(page.get_by_role("heading", name="Shared exploration")).to_be_visible()
    expect(page.get_by_text("Shared with you, read-only")).to_be_visible()
    for name in ("Rename", "Archive", "Share", "Export"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Start another run")).to_have_count(0)
    page.get_by_role("link", name="Particle filter").click()
    expect(page).to_have_url(f"{stack.url}/runs/{shared['run']}")


def test_charts_are_drawn_opened_large_and_follow_the_theme(
    guest: ExplorerPage, stack: Stack, shared: dict[str, Any]
) -> None:
    page = open_charts(guest, stack, shared)
    charts = page.get_by_role("region", name="Charts").locator("figure")
    expect(charts.first).to_be_visible()
    titles = charts.locator("figcaption span").all_inner_texts()
    assert titles[:2] == ["Best reward against tokens", "Rewards by depth"]
    own = titles.index("Effective sample size")
    assert titles[own : own + 2] == ["Effective sample size", "Particle weights"]
    assert titles[-2:] == ["Entropy by depth", "Budget use"]

    page.get_by_role("button", name="Open “Effective sample size” large").click()
    large = page.get_by_role("dialog", name="Effective sample size")
    expect(large.locator(".main-svg").first).to_be_visible()
    expect(large.get_by_text("a single particle carries all the weight")).to_be_visible()
    # Zooming and saving a picture; nothing that sends the chart to somebody else's servers.
    assert large.locator(".modebar-btn").count() == 4
    page.keyboard.press("Escape")

    words = charts.first.locator(".xtitle")
    before = words.evaluate("text => getComputedStyle(text).fill")
    page.get_by_role("button", name="Switch between light and dark").click()
    guest.until(lambda: words.evaluate("text => getComputedStyle(text).fill") != before, 10, "the other theme's ink")
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_one_pool_under_every_selection_rule(guest: ExplorerPage, stack: Stack, shared: dict[str, Any]) -> None:
    page = open_charts(guest, stack, shared)
    page.get_by_role("button", name="What would other rules have answered?").click()
    rules = page.get_by_role("dialog", name="One pool, every selection rule")
    expect(rules.get_by_role("row")).to_have_count(8)  # seven rules and the head
    expect(rules.get_by_text("of 7 rules")).to_be_visible()
    _, found = stack.request("GET", f"/runs/{shared['run']}/selections")
    majority = next(verdict for verdict in found["verdicts"] if verdict["rule"] == "majority")
    row = rules.get_by_role("row").filter(has_text="Majority vote").first
    expect(row).to_contain_text(majority["answer"])


def test_many_charts_do_not_widen_the_page(guest: ExplorerPage, stack: Stack, shared: dict[str, Any]) -> None:
    page = open_charts(guest, stack, shared)
    page.set_viewport_size({"width": 1000, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1000


def test_a_spent_link_and_a_revoked_one_say_what_to_do(browser: Browser, stack: Stack, shared: dict[str, Any]) -> None:
    page = browser.new_page()
    page.goto(f"{stack.url}/?token=esp_login_never")
    expect(page.get_by_role("alert")).to_contain_text("Every start prints a new link")
    _, link = stack.request("POST", f"/sessions/{shared['session']}/share-links", {})
    stack.request("DELETE", f"/sessions/{shared['session']}/share-links/{link['id']}")
    page.goto(link["url"])
    expect(page.get_by_text("Ask the person who sent it for a new one")).to_be_visible()
    page.close()
