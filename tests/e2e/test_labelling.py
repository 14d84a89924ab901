"""Labelling in a real browser, without a mouse: thirty paths, two annotators, and who settles their disagreement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.embedded.home import Home
from app.embedded.postgres import Postgres
from tests.e2e.explorer_page import ExplorerPage, chromium
from tests.support.stack import Stack, wait_until

PATHS = 30
# Two annotators join the owner's team; everybody's login tokens are printed, each good for one login.
PEOPLE = """
from app.teams.models import Role
from app.teams.services import login_token_create, membership_set, owner_ensure, user_create
owner = owner_ensure()
team = owner.teams.get(personal=True)
for name in ("ann", "bob"):
    membership_set(team=team, user=user_create(username=name), role=Role.ANNOTATOR)
for user in team.members.order_by("username"):
    print(user.username, *(login_token_create(user=user) for _ in range(LOGINS)))
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, list[str]]:
    """User name → login tokens, made where `make run` makes its own: in the database."""
    environment = {**os.environ, "DATABASE_URL": Postgres(Home(stack.home)).url, "ESPALIER_HOME": str(stack.home)}
    code = f"import django; django.setup()\nLOGINS = 2\n{PEOPLE}"
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stderr
    lines = (line.split() for line in found.stdout.splitlines())
    return {name: own for name, *own in lines}


@pytest.fixture
def log_in(browser: Browser, stack: Stack, tokens: dict[str, list[str]]) -> Iterator[Callable[[str], Page]]:
    """A browser of one's own for each person; whatever they do, no policy is violated and no script fails."""
    opened: list[ExplorerPage] = []

    def page_of(name: str) -> Page:
        opened.append(ExplorerPage(browser))
        opened[-1].page.goto(f"{stack.url}/?token={tokens[name].pop()}")
        expect(opened[-1].page).to_have_title("Sessions · Espalier")
        return opened[-1].page

    yield page_of
    cut_off = "net::ERR_FAILED"  # a test takes the server away
    complaints = [complaint for one in opened for complaint in one.complaints if cut_off not in complaint]
    for one in opened:
        one.page.close()
    assert complaints == []


def make_queue(stack: Stack, count: int) -> tuple[str, str, list[list[int]]]:
    """A run of so many finished paths, a queue of all of them for two people each; the paths in its order."""
    _, session = stack.request("POST", "/sessions", {"title": "To be labelled"})
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "best_of_n", "params": {"n": count}, "seed": 2}
    status, run = stack.request("POST", f"/sessions/{session['id']}/runs", body)
    assert status == 201, run
    wait_until(lambda: stack.request("GET", f"/runs/{run['id']}")[1]["state"] == "completed", 60, "the run's end")
    asked = {"title": "Thirty paths", "sessions": [session["id"]], "labels_per_item": 2, "seed": 1}
    status, queue = stack.request("POST", "/queues", asked)
    assert (status, queue["counts"]["items"]) == (201, count), queue
    _, items = stack.request("GET", f"/queues/{queue['id']}/items")
    return str(run["id"]), str(queue["id"]), [item["path"] for item in items["items"]]


def label(page: Page, path: list[int], keys: list[str]) -> None:
    """Press the keys once the path is there; the last one takes it away."""
    expect(page.locator(f'[data-node="{path[0]}"][aria-current=step]')).to_be_visible()
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator(f'ol > [data-node="{path[0]}"]')).to_have_count(0)


def test_thirty_paths_by_keyboard_alone_then_two_annotators_and_who_settles_it(
    stack: Stack, log_in: Callable[[str], Page]
) -> None:
    run, queue, paths = make_queue(stack, PATHS)
    page = log_in("ann")
    page.goto(f"{stack.url}/queues/{queue}/label")
    expected: dict[int, int | None] = {}
    for place, path in enumerate(paths):
        if place == 7:  # a slip of the finger, taken back
            label(page, path, ["1", "z", *"3" * len(path), "Control+Enter"])
            expected |= dict.fromkeys(path, 1)
        elif place == 11:
            label(page, path, ["g"])
        elif place == 1 or place % 5 == 4:  # the first step is wrong; what follows stays unmarked
            label(page, path, ["x", "Control+Enter"])
            expected[path[0]] = -1
        elif place == 12:  # unsure, said why, and tagged
            said = ["c", *"hm", "Enter", "t", *"sub-goal", "Enter", "Escape"]
            label(page, path, [*said, *"u" * len(path), "Control+Enter"])
            expected |= dict.fromkeys(path, None)
        else:
            label(page, path, [*"3" * len(path), "Control+Enter"])
            expected |= dict.fromkeys(path, 1)
    expect(page.get_by_text("There is nothing left for you in this queue now")).to_be_visible()

    _, kept = stack.request("GET", f"/runs/{run}/labels?limit=1000")
    marked = [one for one in kept["items"] if one["rating"] is not None or one["unsure"]]
    assert {one["node"]: one["rating"] for one in marked} == expected
    (noted,) = [one for one in kept["items"] if one["comment"]]
    assert (noted["node"], noted["comment"], noted["tags"], noted["unsure"]) == (paths[12][0], "hm", ["sub-goal"], True)
    _, progress = stack.request("GET", f"/queues/{queue}")
    (ann,) = progress["people"]
    assert (ann["readings"], ann["outcomes"]["give_up"], ann["outcomes"]["found_error"]) == (PATHS, 1, 7)
    assert ann["seconds"] > 0

    # Bob reads the first four. He finds ann's error on the second path, and one more on the third.
    page = log_in("bob")
    page.goto(f"{stack.url}/queues/{queue}/label")
    for place, path in enumerate(paths[:4]):
        label(page, path, [*("x" if place in (1, 2) else "3" * len(path)), "Control+Enter"])

    # Steps that both marked: all of the first and fourth path, the first step of the second and third.
    alike = len(paths[0]) + len(paths[3]) + 1
    both = alike + 1
    by_chance = ((both - 1) * (both - 2) + 1 * 2) / both**2  # ann: one bad; bob: two
    kappa = (alike / both - by_chance) / (1 - by_chance)
    # Two codes; off the diagonal 1 + 1 of 2·both judgements, of which 3 are bad.
    alpha = 1 - (2 * both - 1) * 2 / (2 * 3 * (2 * both - 3))
    page = log_in("owner")
    page.goto(f"{stack.url}/queues/{queue}/agreement")
    steps = page.get_by_role("region", name="Per step")
    expect(steps.locator("tbody td")).to_have_text(
        ["ann, bob", str(both), str(alike), f"{kappa:.3f}".replace("-", "−")]
    )
    expect(steps.locator(".alpha")).to_contain_text(f"{alpha:.3f}")
    expect(page.get_by_test_id("summary")).to_contain_text("1 path in dispute, 0 settled")
    expect(page.get_by_role("article").locator("[aria-current=step]")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_test_id("summary")).to_contain_text("1 path in dispute, 1 settled")
    _, kept = stack.request("GET", f"/runs/{run}/labels?limit=1000")
    (settled,) = [one for one in kept["items"] if one["model"] == "adjudicated"]
    assert (settled["node"], settled["rating"], settled["by"], settled["source"]) == (paths[2][0], -1, "owner", "human")


def test_ways_are_compared_and_steps_cut_anew_by_keyboard(stack: Stack, log_in: Callable[[str], Page]) -> None:
    """One of two first steps is better; the path's own is divided before its second word; the next joins its end."""
    _, session = stack.request("POST", "/sessions", {"title": "Badly cut"})
    body = {
        "problem": {"text": "3 5 7 11 -> 24"},
        "algorithm": "beam",
        "params": {"width": 2, "proposals": 2},
        "seed": 2,
    }
    _, run = stack.request("POST", f"/sessions/{session['id']}/runs", body)
    address = f"/runs/{run['id']}"
    wait_until(lambda: stack.request("GET", address)[1]["state"] == "completed", 60, "the run's end")
    _, nodes = stack.request("GET", f"{address}/nodes?limit=1000")
    by_index = {node["index"]: node for node in nodes["items"]}
    last = max(by_index.values(), key=lambda node: node["depth"])
    path = [last["index"]]
    while by_index[path[0]]["parents"] != [0]:
        path.insert(0, by_index[path[0]]["parents"][0])
    other = min(index for index, node in by_index.items() if node["parents"] == [0] and index != path[0])

    page = log_in("bob")
    page.goto(f"{stack.url}{address}/label/{path[-1]}")
    rows = page.locator('ol[aria-label="Steps"] > li .number')
    expect(rows).to_have_text([str(number + 1) for number in range(len(path))])
    for key in ("l", "w", "h", "d", "Enter", "Escape"):
        page.keyboard.press(key)
    expect(rows.nth(1)).to_have_text("1b")
    for key in ("3", "j", "m", "1"):
        page.keyboard.press(key)
    expect(rows).to_have_text(["1a", "1b–2", *(str(number + 1) for number in range(2, len(path)))])
    page.keyboard.press("Control+Enter")
    expect(page.locator(f'[data-node="{path[-1]}"]')).to_have_count(0)

    export = {"session": session["id"], "annotators": ["bob"]}
    (line,) = exported(stack, "trl_stepwise", export)
    texts = [by_index[index]["text"] for index in path[:2]]
    word, rest = texts[0].split(" ", 1)
    assert line["completions"] == [word, f"{rest}\n{texts[1]}"]
    assert (line["labels"], line["original_steps"]) == ([True, False], texts)
    pairs = exported(stack, "step_preferences", export | {"pairs": "stated"})
    assert [(pair["chosen"], pair["rejected"]) for pair in pairs] == [(by_index[other]["text"], texts[0])]


def exported(stack: Stack, format: str, filters: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a file that a worker writes."""
    _, job = stack.request("POST", "/exports", {"format": format, "filters": filters})
    wait_until(lambda: stack.request("GET", f"/exports/{job['id']}")[1]["state"] == "completed", 60, "the export")
    asked = urllib.request.Request(
        f"{stack.url}/api/v1/exports/{job['id']}/file", headers={"Authorization": f"Bearer {stack.token}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return [json.loads(line) for line in answer]


def test_a_mark_that_the_server_did_not_hear_is_sent_when_it_is_back(
    stack: Stack, log_in: Callable[[str], Page]
) -> None:
    """The tab is closed while the server is away; the next tab sends what was left behind."""
    run, _, paths = make_queue(stack, 2)
    page = log_in("ann")
    page.goto(f"{stack.url}/runs/{run}/label/{paths[0][-1]}")
    expect(page.locator("[aria-current=step]")).to_be_visible()
    page.route("**/labels", lambda route: route.abort())
    page.keyboard.press("3")
    expect(page.get_by_test_id("progress")).to_contain_text("1 waiting for the server")
    page.unroute("**/labels")
    page.goto(f"{stack.url}/runs/{run}/label/{paths[0][-1]}")
    expect(page.get_by_test_id("progress")).to_contain_text("all marks kept")

    def kept() -> list[dict[str, Any]]:
        return list(stack.request("GET", f"/runs/{run}/labels")[1]["items"])

    wait_until(kept, 10, "the mark")
    assert [(one["node"], one["rating"], one["by"]) for one in kept()] == [(paths[0][0], 1, "ann")]
