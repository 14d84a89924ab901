"""Looking at finished trees in a real browser: on a phone, filtered, saved as pictures, several beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack, wait_until

PROBLEM = "2 3 6 10 -> 24"
STRATEGIES = {"beam": "Beam search", "particle_filter": "Particle filter"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def session(stack: Stack) -> dict[str, Any]:
    """A session with a finished run of each strategy."""
    _, session = stack.request("POST", "/sessions", {"title": "Looking"})
    runs = {}
    for name in STRATEGIES:
        body = {"problem": {"text": PROBLEM}, "algorithm": name, "seed": 3}
        runs[name] = stack.request("POST", f"/sessions/{session['id']}/runs", body)[1]["id"]
    for run in runs.values():
        wait_until(lambda run=run: stack.request("GET", f"/runs/{run}")[1]["state"] == "completed", 60, "the end")
    return {"id": session["id"], "runs": runs}


@pytest.fixture
def explorer(login_state: Any, browser: Browser, stack: Stack, session: dict[str, Any]) -> Iterator[ExplorerPage]:
    """The owner's browser on the beam's page."""
    explorer = ExplorerPage(browser, login_state, touch=True)
    explorer.page.goto(f"{stack.url}/runs/{session['runs']['beam']}")
    explorer.until(lambda: explorer.nodes() > 10, 20, "the tree")
    yield explorer
    complaints = explorer.complaints
    explorer.page.close()
    assert complaints == []


def test_nothing_is_cut_off_on_a_phone(explorer: ExplorerPage) -> None:
    page = explorer.page
    page.set_viewport_size({"width": 420, "height": 860})
    explorer.until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 420, 5, "the narrow page")
    places = (
        page.get_by_label("More", exact=True),
        page.get_by_text("View", exact=True),
        page.get_by_label("Colour nodes by"),
    )
    for place in places:
        box = place.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 420
    tree, legend = explorer.tree.bounding_box(), page.get_by_label("Colour nodes by").bounding_box()
    assert tree is not None
    assert legend is not None
    assert legend["y"] >= tree["y"] + tree["height"], "the legend lies over the tree"
    page.get_by_label("More", exact=True).click()
    expect(page.get_by_role("button", name="Fork", exact=True)).to_be_visible()


def test_fingers_pan_and_zoom_and_the_place_between_them_stays(explorer: ExplorerPage) -> None:
    page = explorer.page
    touch = page.context.new_cdp_session(page)
    x, y = explorer.place(0)

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})

    before = explorer.tree.evaluate("(canvas) => canvas.locate(0)")
    fingers("touchStart", (x - 20, y), (x + 20, y))
    for reach in range(20, 90, 10):
        fingers("touchMove", (x - reach, y), (x + reach, y))
    fingers("touchEnd")
    after = explorer.tree.evaluate("(canvas) => canvas.locate(0)")
    assert after["k"] > 2 * before["k"]
    assert abs(after["x"] - before["x"]) < 3, "the node between the fingers moved"
    assert abs(after["y"] - before["y"]) < 3
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 40, y + 30))
    fingers("touchMove", (x + 60, y + 50))
    fingers("touchEnd")
    panned = explorer.tree.evaluate("(canvas) => canvas.locate(0)")
    assert panned["x"] > after["x"] + 20
    assert panned["k"] == after["k"]


def test_what_the_model_saw_and_how_sure_it_was_of_each_token(
    explorer: ExplorerPage, stack: Stack, session: dict[str, Any]
) -> None:
    page, run = explorer.page, session["runs"]["beam"]
    _, journal = stack.request("GET", f"/runs/{run}/events?after=0&limit=1000")
    drawn = [event["payload"] for event in journal["items"] if event["kind"] == "generate"]
    (sample, request) = next(
        (sample, payload["requests"][sample["request"]])
        for payload in drawn[1:]
        for sample in payload["samples"]
        if sample["node"] is not None
    )
    _, node = stack.request("GET", f"/runs/{run}/nodes/{sample['node']}")
    assert node["token_entropies"] == sample["entropies"]
    assert len(node["token_entropies"]) == len(node["token_ids"])
    assert len(node["saw"]["token_ids"]) == request["prompt_tokens"]
    explorer.click_node(sample["node"])
    page.locator(".tokens span").first.hover()
    said = page.locator(".told")
    expect(said).to_contain_text(f"entropy {node['token_entropies'][0]:.2f} (as between ")
    expect(said).to_contain_text(f"token {node['token_ids'][0]}")
    page.get_by_text("What the models saw").click()
    page.get_by_text(f"{request['prompt_tokens']} tokens as ids").click()
    expect(page.get_by_text(" ".join(map(str, node["saw"]["token_ids"])), exact=True)).to_be_visible()


def test_the_legend_dims_and_view_hides(explorer: ExplorerPage) -> None:
    page = explorer.page
    x, y = explorer.place(0)
    whole = len(explorer.outline())
    page.get_by_label("Colour nodes by").select_option("status")
    page.get_by_role("button", name="pruned", exact=True).click()
    expect(page.get_by_role("button", name="Undim")).to_be_visible()
    page.keyboard.press("v")
    explorer.until(lambda: explorer.pruned_rows() == 0, 5, "pruned branches hidden")
    assert len(explorer.outline()) < whole
    page.get_by_role("button", name="Without pruned branches").click()
    explorer.until(lambda: len(explorer.outline()) == whole, 5, "everything shown again")
    page.keyboard.press("r")
    page.keyboard.press("b")
    page.reload()
    page.get_by_text("View", exact=True).click()
    expect(page.get_by_role("button", name=f"0 {PROBLEM}")).to_be_visible()
    assert explorer.drawn_at(x, y) > 1


def test_the_tree_as_a_picture(explorer: ExplorerPage, tmp_path: Path) -> None:
    page = explorer.page
    files = {}
    for name in ("SVG of the whole tree", "PNG of what is shown"):
        page.get_by_text("View", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    drawing = ElementTree.parse(files["SVG of the whole tree"]).getroot()
    texts = [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert PROBLEM in texts
    assert sum(" = " in (text or "") for text in texts) > 10
    assert files["PNG of what is shown"].read_bytes().startswith(b"\x89PNG")


def test_the_journal_and_the_command_of_a_run(explorer: ExplorerPage, stack: Stack, session: dict[str, Any]) -> None:
    page = explorer.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("More", exact=True).click()
    page.get_by_role("button", name="Copy as command").click()
    expect(page.get_by_text("The command is in the clipboard.")).to_be_visible()
    assert "--algorithm=beam" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_label("More", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the journal").click()
    lines = Path(download.value.path()).read_text().splitlines()
    _, run = stack.request("GET", f"/runs/{session['runs']['beam']}")
    assert json.loads(lines[0])["kind"] == "header"
    assert [json.loads(line)["seq"] for line in lines[1:]] == list(range(1, run["head_seq"] + 1))


def test_runs_side_by_side_share_a_selection(explorer: ExplorerPage, stack: Stack, session: dict[str, Any]) -> None:
    page = explorer.page
    page.goto(f"{stack.url}/sessions/{session['id']}")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("link", name="Compare 2 runs").click()
    expect(page.get_by_role("heading", name="2 runs side by side")).to_be_visible()
    expect(page.get_by_role("cell", name="particle_filter", exact=True)).to_be_visible()
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    trees = page.get_by_test_id("tree")
    expect(trees).to_have_count(2)
    explorer.until(lambda: trees.first.evaluate("(canvas) => canvas.locate(0)") is not None, 20, "the first tree")
    at = trees.first.evaluate("(canvas) => canvas.locate(0)")
    trees.first.click(position={"x": at["x"], "y": at["y"]})
    for name in STRATEGIES.values():
        expect(page.get_by_role("region", name=name).get_by_text("Problem · node 0")).to_be_visible()
    by_reward = trees.last.evaluate("(canvas) => canvas.toDataURL()")
    page.get_by_label("Colour nodes by").select_option("status")
    explorer.until(lambda: trees.last.evaluate("(canvas) => canvas.toDataURL()") != by_reward, 5, "other colours")
    expect(page.get_by_text("Accuracy against tokens")).to_be_visible()
