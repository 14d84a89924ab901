"""A reward out of labels in a real browser: from the form over the learning curve to a model that runs can name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack, wait_until

DRAFT = "policy:embedded_draft"  # the smallest body there is


@pytest.fixture
def person(login_state: Any) -> Iterator[ExplorerPage]:
    """The owner's browser; no policy is violated and no script fails."""
    with chromium() as browser:
        explorer = ExplorerPage(browser, login_state)
        yield explorer
        assert explorer.complaints == []


def test_a_reward_is_trained_from_the_form_and_listed(person: ExplorerPage, stack: Stack) -> None:
    _, session = stack.request("POST", "/sessions", {"title": "To be learned"})
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "best_of_n", "params": {"n": 4}, "seed": 2}
    _, run = stack.request("POST", f"/sessions/{session['id']}/runs", body)
    wait_until(lambda: stack.request("GET", f"/runs/{run['id']}")[1]["state"] == "completed", 60, "the run's end")
    _, nodes = stack.request("GET", f"/runs/{run['id']}/nodes?limit=1000")
    labels = [{"node": node["index"], "rating": (-1) ** node["index"]} for node in nodes["items"] if node["index"]]
    stack.request("PUT", f"/runs/{run['id']}/labels", {"labels": labels})

    page = person.page
    page.goto(f"{stack.url}/trainings/new?session={session['id']}")
    page.get_by_label("Name").fill("Marks of four paths")
    page.get_by_label("Starts from").select_option(DRAFT)
    page.get_by_label("Steps").fill("12")
    page.get_by_role("button", name=f"Train on {len(labels)} labels").click()
    expect(page.get_by_role("heading", name="Marks of four paths")).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=60_000)  # the curve, as it grows
    expect(page.get_by_role("status")).to_contain_text("completed", timeout=60_000)
    expect(page.get_by_role("status")).to_contain_text("12 of 12 steps")
    expect(page.get_by_test_id("held-out")).to_contain_text("none is held out")
    page.get_by_role("link", name="Try it").click()
    expect(page.get_by_role("region", name="Rewards").get_by_text("Marks of four paths").first).to_be_visible()
