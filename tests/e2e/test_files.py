"""Files in and out by hand: a real Tree of Thoughts log is imported and opened, its labels are exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.search.datasets.real_files import opened
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def explorer(browser: Browser, stack: Stack) -> Iterator[ExplorerPage]:
    """A page that has used the login link; no policy is violated and no script fails."""
    explorer = ExplorerPage(browser)
    explorer.page.goto(stack.another_login_link())
    expect(explorer.page).to_have_title("Sessions · Espalier")
    yield explorer
    complaints = explorer.complaints
    explorer.page.close()
    assert complaints == []


def import_file(page: Page, name: str, content: bytes) -> None:
    page.get_by_role("button", name="Import", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Import trees or labels")
    dialog.get_by_label("File").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})
    dialog.get_by_role("button", name="Import", exact=True).click()


def test_a_log_of_another_search_is_imported_opened_and_exported(
    explorer: ExplorerPage, stack: Stack, tmp_path: Path
) -> None:
    with opened("tot-game24-gpt4-bfs.json") as stream:
        problem = json.load(stream)[0]
    proposals = sum(len(step["new_ys"]) for step in problem["steps"])
    _, session = stack.request("POST", "/sessions", {"title": "Files"})
    page = explorer.page
    page.goto(f"{stack.url}/sessions/{session['id']}")
    import_file(page, "tot.json", json.dumps([problem]).encode())
    dialog = page.get_by_role("dialog", name="Import trees or labels")
    expect(dialog.get_by_text(f"1 run with {proposals} steps")).to_be_visible(timeout=60_000)
    dialog.get_by_role("link", name="Open the run").click()
    explorer.until(lambda: explorer.nodes() == proposals + 1, 30, "the imported tree")
    explorer.click_node(5)
    assert explorer.why() == "Pruned by breadth-first selection: rank 11 of 12, score 1.00 below the cut 3.00."

    page.goto(f"{stack.url}/sessions/{session['id']}")
    page.get_by_role("button", name="Export", exact=True).click()
    dialog = page.get_by_role("dialog", name="Export")
    dialog.get_by_label("Format").select_option("json_tree")
    dialog.get_by_role("button", name="Start the export").click()
    expect(dialog.get_by_text("The file is ready: 1 record")).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Download the file").click()
    download.value.save_as(tmp_path / "tree.jsonl")
    written = json.loads((tmp_path / "tree.jsonl").read_text())
    assert len(written["nodes"]) == proposals + 1


def test_a_file_that_cannot_be_read_says_where(explorer: ExplorerPage, stack: Stack) -> None:
    _, session = stack.request("POST", "/sessions", {"title": "Bad file"})
    page = explorer.page
    page.goto(f"{stack.url}/sessions/{session['id']}")
    good = b'{"prompt": "1 + 1", "completions": ["1 + 1 = 2"], "labels": [true]}\n'
    import_file(page, "labels.jsonl", good + b'{"prompt": "1 + 1", "completions": ["a"], "labels": [7]}\n')
    dialog = page.get_by_role("dialog", name="Import trees or labels")
    expect(dialog.get_by_role("alert")).to_contain_text("line 2, labels", timeout=60_000)
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was imported")
    dialog.get_by_role("radio", name="Import the rest").check()
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("1 record could not be read and was left out.")).to_be_visible(timeout=60_000)
