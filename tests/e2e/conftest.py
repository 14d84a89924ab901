"""The owner's way in: the login link works once, so the session's browser tests share what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.stack import Stack


@pytest.fixture(scope="session")
def login_state(stack: Stack) -> Any:
    """The cookies of a browser that has used the login link, for `browser.new_page(storage_state=…)`."""
    from playwright.sync_api import expect

    from tests.e2e.explorer_page import chromium

    with chromium() as browser:
        page = browser.new_page()
        page.goto(stack.login_link)
        expect(page).to_have_title("Sessions · Espalier")
        return page.context.storage_state()
