"""The pages of annotation: what each brings, to whom, and that it keeps to the Content-Security-Policy."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from app.annotation.models import LabelQueue
from app.annotation.queues.services import queue_create
from app.explorer.models import Node
from tests.explorer.world import World
from tests.pages.reading import props_of

PAGES = [
    "/queues", "/queues/new", "/queues/{queue}", "/queues/{queue}/label", "/queues/{queue}/agreement",
    "/runs/{run}/label", "/runs/{run}/label/{leaf}",
]  # fmt: skip


@pytest.fixture
def queue(world: World) -> LabelQueue:
    return queue_create(sessions=[world.session], user=world.people["owner"], title="Read <these>", labels_per_item=2)


def address(page: str, world: World, queue: LabelQueue) -> str:
    leaf = Node.objects.filter(run=world.run).count() - 1
    return page.format(run=world.run.pk, queue=queue.pk, leaf=leaf)


def browser_of(world: World, role: str) -> Client:
    client = Client()
    client.force_login(world.people[role])
    return client


@pytest.mark.parametrize("page", PAGES)
def test_pages_need_somebody_and_keep_to_the_policy(
    world: World, queue: LabelQueue, browser: Client, page: str
) -> None:
    wanted = address(page, world, queue)
    assert Client().get(wanted)["Location"] == f"/login/?next={wanted}"
    response = browser.get(wanted)
    assert response.status_code == 200
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "<these>" not in response.content.decode()


def test_whoever_may_not_is_told_so(world: World, queue: LabelQueue) -> None:
    for page, role, status in (
        ("/queues/{queue}/label", "viewer", 403),
        ("/runs/{run}/label", "viewer", 403),
        ("/queues/{queue}/agreement", "annotator", 403),
        ("/queues/{queue}", "viewer", 200),
        ("/queues/{queue}/label", "annotator", 200),
    ):
        assert browser_of(world, role).get(address(page, world, queue)).status_code == status, page
    stranger = Client()
    stranger.force_login(world.stranger)
    for page in PAGES[2:]:
        assert stranger.get(address(page, world, queue)).status_code == 404, page
    assert browser_of(world, "owner").get(f"/queues/{uuid4()}").status_code == 404


def test_the_form_offers_sessions_with_finished_runs(world: World, browser: Client) -> None:
    props = props_of(browser.get(f"/queues/new?session={world.session.pk}"), "new-queue")
    assert [(one["title"], one["runs"]) for one in props["sessions"]] == [("Countdown by beam", 1)]
    assert props["chosen"] == str(world.session.pk)
    people = [f"{role}-of-team" for role in ("annotator", "editor", "owner", "viewer")]
    assert props["members"][str(world.team.pk)] == people
    world.put_into("running")
    assert props_of(browser.get("/queues/new?session=nonsense"), "new-queue")["sessions"] == []
    assert props_of(browser_of(world, "annotator").get("/queues/new"), "new-queue")["sessions"] == []


def test_the_list_says_what_one_may_do(world: World, queue: LabelQueue) -> None:
    seen = {}
    for role in ("owner", "annotator"):
        props = props_of(browser_of(world, role).get("/queues"), "queues")
        seen[role] = (len(props["first"]["items"]), props["canMake"], props["canLabel"])
    # Everybody may make queues in their personal team.
    assert seen == {"owner": (1, True, True), "annotator": (1, True, True)}
