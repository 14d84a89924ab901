"""The page of models in a real browser: what is listed, and a trial through the worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack


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
    policies.get_by_label("Problem").first.fill("3 5 7 11 -> 24")
    policies.get_by_role("button", name="Try Embedded policy").click()
    expect(policies.get_by_role("heading", name="Three next steps it wrote")).to_be_visible(timeout=30_000)
    expect(policies.get_by_text("(left:")).to_have_count(3)
    expect(policies.get_by_text("worked when tried")).to_be_visible()
