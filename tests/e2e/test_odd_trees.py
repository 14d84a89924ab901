"""Trees that no search of ours grows: ten thousand levels, texts that are anything but steps, journals out of order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack

DEEP = 10_000
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><style>*{display:none}</style>"
HEBREW = "לכן x שווה ל־7 (left: 2 3)"
BROKEN = r"so $\frac{1}{$ and $$\begin{matrix} 1 & 2$$ but $x^2$"
LONG = "9" * 100_000
SVG = "{http://www.w3.org/2000/svg}"
TEXTS = (HOSTILE, HEBREW, BROKEN, LONG)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def explorer(login_state: Any, browser: Browser) -> Iterator[ExplorerPage]:
    """The owner's page; whatever it is shown, nothing is executed and no script fails."""
    explorer = ExplorerPage(browser, login_state)
    yield explorer
    complaints, hacked = explorer.complaints, explorer.page.evaluate("window.hacked")
    explorer.page.close()
    assert complaints == []
    assert hacked is None


@pytest.fixture(scope="module")
def odd(stack: Stack) -> str:
    """A recorded run: a chain of DEEP steps, and the TEXTS beside its first step. Its id."""
    _, session = stack.request("POST", "/sessions", {"title": "Odd"})
    asked = {"problem": {"text": "3 5 7 11 -> 24"}, "program": "odd"}
    status, begun = stack.request("POST", f"/sessions/{session['id']}/recordings", asked)
    assert status == 201, begun
    added = [{"op": "add", "node": 1 + at, "parent": 0, "text": text} for at, text in enumerate(TEXTS)]
    chain = range(len(TEXTS) + 1, len(TEXTS) + 1 + DEEP)
    added += [
        {"op": "add", "node": node, "parent": node - 1 if node > chain[0] else 0, "text": f"step {node}"}
        for node in chain
    ]
    added.append({"op": "finish", "node": chain[-1], "answer": "24"})
    run, head = begun["run"]["id"], begun["head"]
    for at in range(0, len(added), 1000):
        body = {"lease": begun["lease"], "after": head, "operations": added[at : at + 1000]}
        status, answer = stack.request("POST", f"/runs/{run}/operations", body)
        assert status == 200, answer
        head = answer["head"]
    return str(run)


def test_ten_thousand_levels_open_and_are_walked(explorer: ExplorerPage, stack: Stack, odd: str) -> None:
    page = explorer.page
    page.goto(f"{stack.url}/runs/{odd}")
    explorer.until(lambda: explorer.nodes() == 1 + len(TEXTS) + DEEP, 20, "every node")
    explorer.until(lambda: page.get_by_test_id("answer").is_visible(), 10, "the answer")
    page.get_by_test_id("answer").get_by_role("button", name="24").click()
    last = len(TEXTS) + DEEP
    expect(page.get_by_role("heading", name=f"node {last}")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name=f"node {last - 1}")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Problem")).to_be_visible()


def test_texts_of_any_kind_stay_texts(explorer: ExplorerPage, stack: Stack, odd: str) -> None:
    page = explorer.page
    page.goto(f"{stack.url}/runs/{odd}")
    explorer.until(lambda: explorer.nodes() > DEEP, 20, "the tree")
    row = page.get_by_role("treeitem")
    shown = page.locator(".step-text").last
    for node, (text, said) in enumerate(zip(TEXTS, (HOSTILE, HEBREW, r"\frac{1}{", "Show all"), strict=True), start=1):
        row.filter(has_text=text[:12]).first.click()
        expect(page.get_by_role("heading", name=f"node {node}")).to_be_visible()
        expect(shown).to_contain_text(said)
    shown.get_by_role("button", name="Show all").click()
    expect(shown).to_contain_text(LONG)
    row.filter(has_text=BROKEN[:12]).first.click()
    expect(shown.locator(".katex")).to_have_count(1)
    row.filter(has_text=HEBREW[:12]).first.click()
    assert shown.evaluate("(text) => getComputedStyle(text).direction") == "rtl"


def test_cards_have_their_mathematics_typeset(explorer: ExplorerPage, stack: Stack, tmp_path: Path) -> None:
    """The saved picture is drawn by the code that draws the page: it tells what stands on the cards."""
    _, session = stack.request("POST", "/sessions", {"title": "Mathematics"})
    asked = {"problem": {"text": r"If $\frac{x^2-4}{x-2} = 6$, find $x$."}}
    _, begun = stack.request("POST", f"/sessions/{session['id']}/recordings", asked)
    texts = (r"so $x+2 = \sqrt{36}$", BROKEN, r"\[\vec{v}\]", r"it is $\href{javascript:hacked=1}{y}$", "$5 or $6")
    steps = [{"op": "add", "node": 1 + at, "parent": 0, "text": text} for at, text in enumerate(texts)]
    run = begun["run"]["id"]
    body = {"lease": begun["lease"], "after": begun["head"], "operations": [*steps, {"op": "finish", "node": 1}]}
    assert stack.request("POST", f"/runs/{run}/operations", body)[0] == 200
    page = explorer.page
    page.goto(f"{stack.url}/runs/{run}")
    explorer.until(lambda: explorer.nodes() == 6, 20, "the tree")
    page.get_by_text("View", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG of what is shown").click()
    download.value.save_as(tmp_path / "tree.svg")
    drawing = ElementTree.parse(tmp_path / "tree.svg").getroot()
    shown = [(text.text or "", text.get("style") or "") for text in drawing.iter(f"{SVG}text")]
    typeset = "".join(text for text, style in shown if "KaTeX" in style)
    assert [letters in typeset for letters in ("36", "x", "6")] == [True, True, True]
    assert len(list(drawing.iter(f"{SVG}clipPath"))) == 2  # the root's sign and the vector's arrow
    plain = "".join(text for text, style in shown if "KaTeX" not in style)
    assert r"so $\frac{1}{$" in plain
    assert "$5 or $6" in plain
    assert r"\sqrt" not in plain
    assert r"\href" in plain


def test_a_journal_out_of_order_is_shown_as_far_as_it_goes(explorer: ExplorerPage, stack: Stack) -> None:
    """A reward that is no number, a kind of a newer version, and then a hole that no connection fills."""
    _, session = stack.request("POST", "/sessions", {"title": "Hole"})
    asked = {"problem": {"text": "3 5 7 11 -> 24"}}
    _, begun = stack.request("POST", f"/sessions/{session['id']}/recordings", asked)
    steps = [{"op": "add", "node": n, "parent": 0, "text": f"step {n}", "rewards": {"r": 0.5}} for n in range(1, 6)]
    run = begun["run"]["id"]
    body = {"lease": begun["lease"], "after": begun["head"], "operations": [*steps, {"op": "finish", "node": 1}]}
    _, answer = stack.request("POST", f"/runs/{run}/operations", body)
    missing = answer["head"] - 4

    def as_a_strange_server(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            frame = json.loads(message)
            for event in frame.get("events", ()):
                if event["kind"] == "scored":
                    event["payload"]["scores"] = [[node, None] for node, _ in event["payload"]["scores"]]
                    event["kind"] = "scored" if event["payload"]["scores"][0][0] != 2 else "grafted"
            if "events" in frame:
                frame["events"] = [event for event in frame["events"] if event["seq"] != missing]
            socket.send(json.dumps(frame))

        socket.connect_to_server().on_message(pass_on)

    explorer.page.route_web_socket("**/ws/runs/**", as_a_strange_server)
    explorer.page.goto(f"{stack.url}/runs/{run}")
    expect(explorer.page.get_by_text(f"Event {missing} of this run is missing")).to_be_visible(timeout=15_000)
    assert explorer.seq() == missing - 1
    assert explorer.nodes() > 3
    expect(explorer.page.get_by_text("of a kind that this page does not know (grafted)")).to_be_visible()
    explorer.click_node(1)
    assert explorer.why()
