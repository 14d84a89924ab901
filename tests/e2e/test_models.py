"""The page of models in a real browser: what is listed, a trial through the worker, and a model that is added."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.search.support.tiny import tiny_neox
from tests.support.stack import Stack, wait_until


@pytest.fixture
def person(login_state: Any) -> Iterator[ExplorerPage]:
    """The owner's browser; no policy is violated and no script fails."""
    with chromium() as browser:
        explorer = ExplorerPage(browser, login_state)
        yield explorer
        assert explorer.complaints == []


def test_a_model_is_tried_and_shows_what_it_read_and_wrote(person: ExplorerPage, stack: Stack) -> None:
    page = person.page
    page.goto(stack.url)
    page.get_by_role("link", name="Models").click()
    policies = page.get_by_role("region", name="Policies")
    policies.get_by_text("Embedded policy").first.click()
    page.locator("#policy-embedded").get_by_label("Problem").fill("3 5 7 11 -> 24")
    policies.get_by_role("button", name="Try Embedded policy").click()
    expect(policies.get_by_role("heading", name="Three next steps it wrote")).to_be_visible(timeout=30_000)
    expect(policies.get_by_text("(left:")).to_have_count(3)
    expect(page.locator("#policy-embedded").get_by_text("worked when tried")).to_be_visible()


def test_a_model_is_added_watched_tried_and_searched_with(person: ExplorerPage, stack: Stack) -> None:
    tiny_neox(stack.home / "models" / "by-page")
    (stack.home / "models" / "hollow").mkdir(exist_ok=True)
    page = person.page
    page.goto(f"{stack.url}/models")
    page.get_by_role("link", name="Add a model").click()
    page.get_by_label("Title").fill("Foreign by page")
    expect(page.get_by_label("Name in runs")).to_have_value("foreign-by-page")
    folder = page.get_by_label("Folder on the worker’s machine")
    folder.fill(str(stack.home / "models" / "hollow"))
    page.get_by_label("Problem", exact=True).fill(r"Add: {problem}\nSo ")
    page.get_by_label("Before each step").fill("* ")
    page.get_by_label("Step delimiter").fill("EN")
    expect(page.get_by_text("* 2 + 3 = 5EN* 5 + 4 = 9EN")).to_be_visible()

    page.get_by_role("button", name="Check and add").click()
    check = page.get_by_role("region", name="Check")
    expect(check.get_by_text("It does not work yet.")).to_be_visible(timeout=30_000)
    expect(folder).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("has no config.json").first).to_be_visible()

    folder.fill(str(stack.home / "models" / "by-page"))
    page.get_by_role("button", name="Check and add").click()
    expect(check.get_by_text("is offered everywhere now")).to_be_visible(timeout=30_000)
    expect(check.get_by_text("GPTNeoXForCausalLM, 0.1 MB of weights")).to_be_visible()

    check.get_by_role("link", name="Try a prompt").click()
    row = page.locator("#policy-foreign-by-page")
    row.get_by_label("Problem").fill("3 and 4")
    row.get_by_role("button", name="Try Foreign by page").click()
    expect(row.get_by_text("Add: 3 and 4")).to_be_visible(timeout=30_000)
    expect(row.get_by_text("Answered in")).to_be_visible()

    row.get_by_role("link", name="Start a search").click()
    expect(page.get_by_label("Policy", exact=True)).to_have_value("foreign-by-page")
    page.get_by_label("Problem", exact=True).fill("3 and 4")
    page.get_by_label("Reward", exact=True).select_option(label="No reward model")
    page.get_by_role("radio", name=re.compile("^Majority")).check()
    page.get_by_label("Generated tokens").fill("300")
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url(re.compile("/runs/"), timeout=30_000)
    run = page.url.rsplit("/", 1)[1]
    ended = wait_until(lambda: over(stack, run), 60, "the run's end")
    assert (ended["state"], ended["policy"]) == ("completed", "foreign-by-page"), ended

    page.goto(f"{stack.url}/models#policy-foreign-by-page")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("button", name="Restore Foreign by page")).to_be_visible()


def over(stack: Stack, run: str) -> dict[str, Any] | None:
    found: dict[str, Any] = stack.request("GET", f"/runs/{run}")[1]
    return found if found["state"] in ("completed", "failed", "cancelled") else None
