"""Every page of the explorer: what it brings, to whom, and that it keeps to the Content-Security-Policy."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from app.explorer.models import Run
from tests.explorer.world import World
from tests.pages.reading import props_of

PAGES = ["/", "/new", "/sessions/{session}", "/runs/{run}"]


def address(page: str, world: World) -> str:
    return page.format(session=world.session.pk, run=world.run.pk)


@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_sent_to_the_login_and_comes_back(world: World, page: str) -> None:
    wanted = address(page, world)
    response = Client().get(wanted)
    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={wanted}"


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_a_strict_policy(browser: Client, world: World, page: str) -> None:
    response = browser.get(address(page, world))
    assert response.status_code == 200
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    body = response.content.decode()
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", body)
    inline = [tag for tag in re.findall(r"<script[^>]*>", body) if "src=" not in tag]
    assert all('type="application/json"' in tag for tag in inline)
    assert 'src="/static/assets/main-1.js"' in body


def test_a_page_announces_the_chunks_of_its_island(browser: Client) -> None:
    body = browser.get("/").content.decode()
    for file in ("main-1.css", "shared-2.css", "sessions-3.css"):
        assert body.count(f'<link rel="stylesheet" href="/static/assets/{file}">') == 1
    assert '<link rel="modulepreload" href="/static/assets/sessions-3.js">' in body
    assert "session-3.js" not in body


def test_the_list_brings_its_first_page(browser: Client, world: World) -> None:
    props = props_of(browser.get("/"), "sessions")
    assert props["canStart"] is True
    assert [session["title"] for session in props["first"]["items"]] == ["Countdown by beam"]
    latest = props["first"]["items"][0]["latest"]
    assert latest == {
        "id": str(world.run.pk),
        "algorithm": world.run.algorithm,
        "state": "completed",
        "stopped_by": world.run.stopped_by,
        "answer": world.run.answer,
        "correct": world.run.correct,
        "nodes": world.run.nodes,
        "head_seq": world.run.head_seq,
        "tokens": world.run.tokens,
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("owner", {"steer", "label", "export", "edit", "share"}),
        ("editor", {"steer", "label", "export", "edit", "share"}),
        ("annotator", {"label", "export"}),
        ("viewer", set()),
    ],
)
def test_pages_say_what_a_role_may_do(world: World, role: str, allowed: set[str]) -> None:
    client = Client()
    client.force_login(world.people[role])
    for page, island in (("/sessions/{session}", "session"), ("/runs/{run}", "explorer")):
        props = props_of(client.get(address(page, world)), island)
        assert {action for action, may in props["can"].items() if may} == allowed


@pytest.mark.parametrize("algorithm", ["recorded", "imported"])
def test_what_was_grown_elsewhere_offers_no_hand(world: World, algorithm: str) -> None:
    Run.objects.filter(pk=world.run.pk).update(algorithm=algorithm, state="running")
    owner = Client()
    owner.force_login(world.people["owner"])
    props = props_of(owner.get(f"/runs/{world.run.pk}"), "explorer")
    assert (props["can"]["steer"], props["can"]["label"], props["can"]["share"]) == (False, True, True)


def test_the_run_page_brings_the_run_as_the_api_shows_it(browser: Client, world: World) -> None:
    props = props_of(browser.get(f"/runs/{world.run.pk}"), "explorer")
    assert props["run"] == browser.get(f"/api/v1/runs/{world.run.pk}").json()
    assert props["user"] == "owner-of-team"
    assert props["urls"]["live"] == f"/ws/runs/{world.run.pk}/"


@pytest.mark.parametrize("page", ["/sessions/{session}", "/runs/{run}"])
def test_what_is_not_yours_does_not_exist(world: World, page: str) -> None:
    client = Client()
    client.force_login(world.stranger)
    response = client.get(address(page, world))
    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()
    assert client.get(page.format(session=uuid4(), run=uuid4())).status_code == 404


def test_text_of_a_model_stays_text(browser: Client, world: World) -> None:
    nasty = "</script><script>alert(1)</script>"
    world.session.title = nasty
    world.session.save()
    world.run.answer = nasty
    world.run.save()
    for page in ("/", f"/sessions/{world.session.pk}", f"/runs/{world.run.pk}"):
        assert b"<script>alert" not in browser.get(page).content


def test_the_form_starts_from_a_session_or_a_run(browser: Client, world: World) -> None:
    assert props_of(browser.get("/new"), "new-run") == {"session": None, "like": None}
    joined = props_of(browser.get(f"/new?session={world.session.pk}"), "new-run")
    assert joined["session"] == {"id": str(world.session.pk), "title": "Countdown by beam"}
    again = props_of(browser.get(f"/new?like={world.run.pk}"), "new-run")
    assert again["like"]["algorithm"] == world.run.algorithm
    assert again["session"]["id"] == str(world.session.pk)
    assert props_of(browser.get("/new?session=nonsense&like=1"), "new-run") == {"session": None, "like": None}


def test_the_form_offers_no_session_that_one_may_not_steer(world: World) -> None:
    client = Client()
    client.force_login(world.people["annotator"])
    assert props_of(client.get(f"/new?session={world.session.pk}"), "new-run")["session"] is None


@pytest.mark.parametrize(("cookie", "attribute"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"')])
def test_the_first_paint_is_in_the_chosen_theme(browser: Client, cookie: str, attribute: str) -> None:
    browser.cookies["espalier_theme"] = cookie
    assert f'<html lang="en"{attribute}>' in browser.get("/").content.decode()


@pytest.mark.parametrize("cookie", ["", '"><script>'])
def test_any_other_theme_leaves_it_to_the_system(browser: Client, cookie: str) -> None:
    browser.cookies["espalier_theme"] = cookie
    assert '<html lang="en">' in browser.get("/").content.decode()


def test_pages_are_not_kept_by_caches_and_take_no_writes(browser: Client, world: World) -> None:
    response: Any = browser.get(f"/runs/{world.run.pk}")
    assert "no-store" in response["Cache-Control"]
    assert browser.post(f"/runs/{world.run.pk}").status_code == 405
