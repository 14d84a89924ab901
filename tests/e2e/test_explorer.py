"""The explorer on a whole running Espalier: grow, read, steer, cut the line, come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack, wait_until

# Many tokens and several levels: long enough to be paused in the middle.
PROBLEM = "2 3 5 7 11 13 -> 61"
WIDE_BEAM = {"width": 12, "proposals": 12}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def logged_in(login_state: Any, browser: Browser, stack: Stack) -> Iterator[ExplorerPage]:
    """A page of somebody who has used the login link."""
    explorer = ExplorerPage(browser, login_state)
    explorer.page.goto(stack.url)
    expect(explorer.page).to_have_title("Sessions · Espalier")
    yield explorer
    explorer.page.close()


@pytest.fixture
def explorer(logged_in: ExplorerPage) -> Iterator[ExplorerPage]:
    """The logged-in page; whatever a test does, no policy was violated and no script failed."""
    logged_in.complaints.clear()
    yield logged_in
    assert logged_in.complaints == []


def start_run(stack: Stack, **asked: Any) -> str:
    """A run of its own in a session of its own; its id."""
    _, session = stack.request("POST", "/sessions", {"title": "Explorer test"})
    body = {"problem": {"text": PROBLEM}, "algorithm": "beam", "seed": 1} | asked
    status, run = stack.request("POST", f"/sessions/{session['id']}/runs", body)
    assert status == 201, run
    return str(run["id"])


def nodes_of(stack: Stack, run: str) -> list[dict[str, Any]]:
    """Every node as PostgreSQL has it."""
    nodes: list[dict[str, Any]] = []
    after: int | None = -1
    while after is not None:
        _, page = stack.request("GET", f"/runs/{run}/nodes?after={after}&limit=1000")
        nodes += page["items"]
        after = page["next"]
    return nodes


def open_run(explorer: ExplorerPage, stack: Stack, run: str) -> None:
    explorer.page.goto(f"{stack.url}/runs/{run}")
    expect(explorer.tree).to_be_visible()


def settled(explorer: ExplorerPage, stack: Stack, run: str) -> dict[str, Any]:
    """Waits until the page has every event of the finished run; answers the run."""
    _, head = stack.request("GET", f"/runs/{run}")
    explorer.until(lambda: explorer.seq() == head["head_seq"], 20, "the last event")
    return dict(head)


def test_a_search_is_grown_read_steered_and_found_again(explorer: ExplorerPage, stack: Stack) -> None:
    page = explorer.page
    page.goto(f"{stack.url}/new")
    page.get_by_label("Problem", exact=True).fill(PROBLEM)
    page.get_by_role("radio", name="Beam search", exact=True).check(force=True)
    for name, value in WIDE_BEAM.items():
        page.locator(f"#param-{name}").fill(str(value))
    page.get_by_label("Generated tokens").fill("40000")  # else it may end before the person's step has its turn
    page.get_by_role("button", name="Start the search").click()
    page.wait_for_url("**/runs/*")
    run = page.url.rsplit("/", 1)[1]
    page.evaluate("window.stillTheSamePage = true")

    # Nodes arrive without a reload, and the search is caught in the middle, after its first prunings.
    explorer.until(lambda: explorer.pruned_rows() > 0, 60, "the first prunings")
    caught = explorer.nodes()
    explorer.press("Pause")
    explorer.wait_for("paused")

    # The pixel of a pruned node says why it was pruned.
    nodes = nodes_of(stack, run)
    pruned = next(node for node in nodes if node["status"] == "pruned" and explorer.in_view(node["index"]))
    explorer.click_node(pruned["index"])
    decision = pruned["decision"]
    assert explorer.why().startswith(f"Pruned by beam: rank {decision['rank']} of {decision['of']}, score ")
    assert "the cut" in explorer.why()

    # An edit becomes a sibling; after the resume tokens are spent below it.
    open_node = next(node for node in nodes if node["status"] == "open" and explorer.in_view(node["index"]))
    explorer.click_node(open_node["index"])
    explorer.press("Edit this step")
    page.get_by_role("textbox", name="Your step becomes a sibling").fill(open_node["text"] + " ")
    explorer.press("Add this step")
    human = wait_until(lambda: [node for node in nodes_of(stack, run) if node["kind"] == "human"], 20, "the edit")[0]
    assert human["parents"] == open_node["parents"]
    assert human["by"] == "owner"
    explorer.wait_for("paused")
    explorer.until(lambda: explorer.nodes() > human["index"], 20, "the edit in the picture")
    explorer.click_node(human["index"])
    assert explorer.why() == "Written by owner. Open: not expanded yet."
    explorer.press("Resume")
    page.get_by_text("Spent below").wait_for(timeout=60_000)
    explorer.wait_for("completed")
    below = [node for node in nodes_of(stack, run) if human["index"] in node["parents"]]
    assert sum(node["tokens"] for node in below) > 0

    # After the end, and after a reload, the page shows what PostgreSQL has.
    final = settled(explorer, stack, run)
    assert explorer.nodes() == final["counters"]["nodes"] == len(nodes_of(stack, run))
    expect(page.get_by_test_id("answer")).to_contain_text(final["answer"] or "No answer was found")
    assert final["counters"]["nodes"] > caught
    assert page.evaluate("window.stillTheSamePage") is True
    page.keyboard.press("r")
    page.wait_for_timeout(300)
    before = explorer.outline()
    page.reload()
    settled(explorer, stack, run)
    assert explorer.outline() == before


def test_a_cut_connection_loses_and_doubles_nothing(explorer: ExplorerPage, stack: Stack) -> None:
    run = start_run(stack, params={"width": 8, "proposals": 8})
    asked: list[str] = []
    arrived: list[list[int]] = []

    def cut_each_connection_but_the_fourth(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        asked.append(socket.url.rsplit("=", 1)[1])
        mine: list[int] = []
        arrived.append(mine)
        lives = len(arrived)

        def pass_on(message: str | bytes) -> None:
            if lives < 4 and mine:
                return  # the line is cut
            sequences = [event["seq"] for event in json.loads(message).get("events", ())]
            mine.extend(sequences)
            socket.send(message)
            if sequences and lives < 4:
                socket.close(code=1012)

        server.on_message(pass_on)

    explorer.page.route_web_socket("**/ws/runs/**", cut_each_connection_but_the_fourth)
    try:
        open_run(explorer, stack, run)
        explorer.wait_for("completed")
        final = settled(explorer, stack, run)
    finally:
        explorer.page.unroute_all()
    assert len(asked) == 4
    # Each connection asked for what came after the last event of the one before: none missing, none twice.
    assert [int(after) for after in asked] == [0, *(mine[-1] for mine in arrived[:3])]
    assert [seq for mine in arrived for seq in mine] == list(range(1, final["head_seq"] + 1))
    assert explorer.nodes() == final["counters"]["nodes"]
    expect(explorer.page.get_by_role("alert")).to_have_count(0)


def test_a_page_at_rest_asks_the_server_for_nothing(explorer: ExplorerPage, stack: Stack) -> None:
    """It once asked for its run again with every answer, some thirty times a second."""
    run = start_run(stack, algorithm="greedy")
    open_run(explorer, stack, run)
    explorer.wait_for("completed")
    settled(explorer, stack, run)
    explorer.page.wait_for_timeout(3000)  # the charts are drawn once more shortly after the end
    asked: list[str] = []
    explorer.page.on("request", lambda request: asked.append(request.url))
    explorer.page.wait_for_timeout(3000)
    assert asked == []


def test_marks_by_key_are_kept_with_who_and_when(explorer: ExplorerPage, stack: Stack) -> None:
    run = start_run(stack, algorithm="greedy", problem={"text": "3 5 7 11 -> 24"})
    open_run(explorer, stack, run)
    explorer.wait_for("completed")
    explorer.click_node(1)
    explorer.page.keyboard.press("3")
    expect(explorer.page.get_by_test_id("label")).to_contain_text("Marked good by owner, just now.")
    wait_until(lambda: stack.request("GET", f"/runs/{run}/labels")[1]["items"], 10, "the mark")
    explorer.page.keyboard.press("1")
    expect(explorer.page.get_by_test_id("label")).to_contain_text("Marked bad by owner")
    explorer.page.wait_for_timeout(500)
    explorer.page.reload()
    settled(explorer, stack, run)
    explorer.click_node(1)
    expect(explorer.page.get_by_test_id("label")).to_contain_text("Marked bad by owner")
    (label,) = stack.request("GET", f"/runs/{run}/labels")[1]["items"]
    assert (label["node"], label["rating"], label["by"]) == (1, -1, "owner")


def test_keys_walk_the_tree_and_are_off_while_typing(explorer: ExplorerPage, stack: Stack) -> None:
    run = start_run(stack, problem={"text": "3 5 7 11 -> 24"})
    open_run(explorer, stack, run)
    explorer.wait_for("completed")
    settled(explorer, stack, run)
    page, heading = explorer.page, explorer.page.get_by_role("heading", level=2)
    page.keyboard.press("r")
    expect(heading).to_have_text("Problem · node 0")
    page.keyboard.press("ArrowRight")
    expect(heading).to_contain_text("Step 1")
    page.keyboard.press("ArrowLeft")
    expect(heading).to_have_text("Problem · node 0")
    rows = len(explorer.outline())
    page.keyboard.press("f")
    expect(page.get_by_role("treeitem")).to_have_count(1)
    page.keyboard.press("f")
    expect(page.get_by_role("treeitem")).to_have_count(rows)
    page.keyboard.press("/")
    page.keyboard.type("r7")
    expect(page.get_by_role("searchbox")).to_have_value("r7")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Find a step")
    page.keyboard.press("Escape")


def test_model_text_stays_text(explorer: ExplorerPage, stack: Stack) -> None:
    run = start_run(stack, algorithm="greedy", problem={"text": "3 5 7 11 -> 24"})
    wait_until(lambda: stack.request("GET", f"/runs/{run}")[1]["state"] == "completed", 60, "the end")
    hostile = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> שלום $x^2$ $\\frac{1}{$ "
    hostile += "9" * 100_000

    def as_a_hostile_model(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            frame = json.loads(message)
            for event in frame.get("events", ()):
                if event["kind"] == "node_added" and event["payload"]["index"] == 1:
                    event["payload"]["text"] = hostile
                if event["kind"] == "budget":
                    event["kind"] = "grafted_twice"
            socket.send(json.dumps(frame))

        socket.connect_to_server().on_message(pass_on)

    explorer.page.route_web_socket("**/ws/runs/**", as_a_hostile_model)
    try:
        open_run(explorer, stack, run)
        settled(explorer, stack, run)
        explorer.click_node(1)
        shown = explorer.page.locator(".step-text")
        expect(shown).to_contain_text("<script>window.hacked = 1</script><img src=x")
        expect(shown.locator(".katex")).to_have_count(1)
        expect(shown).to_contain_text("\\frac{1}{")
        expect(explorer.page.get_by_text("of a kind that this page does not know (grafted twice)")).to_be_visible()
        shown.get_by_role("button", name="Show all").click()
        assert len(shown.inner_text()) > 100_000
        assert explorer.page.evaluate("window.hacked") is None
    finally:
        explorer.page.unroute_all()


def test_a_shared_link_reads_and_steers_nothing(browser: Browser, stack: Stack) -> None:
    run = start_run(stack, algorithm="greedy", problem={"text": "3 5 7 11 -> 24"})
    _, found = stack.request("GET", f"/runs/{run}")
    _, link = stack.request("POST", f"/sessions/{found['session']}/share-links", {})
    guest = ExplorerPage(browser)
    try:
        guest.page.goto(link["url"])
        guest.page.goto(f"{stack.url}/runs/{run}")
        guest.wait_for("completed")
        guest.click_node(1)
        assert guest.why()
        for name in ("Pause", "Stop", "Fork", "Share", "Edit this step", "Prune"):
            expect(guest.page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        assert guest.complaints == []
    finally:
        guest.page.close()
