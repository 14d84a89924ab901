"""Share links: shown once, read one session, end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from app.teams.models import ShareLink
from app.teams.principals import SHARE_LINK_KEY
from tests.explorer.test_bad_input import refused
from tests.explorer.world import Caller, World


def share(world: World, **body: str) -> dict[str, str]:
    response = world.owner.send("POST", f"/sessions/{world.session.pk}/share-links", body)
    assert response.status_code == 201, response.content
    made: dict[str, str] = response.json()
    return made


def test_a_link_reads_its_session_until_it_is_revoked(world: World) -> None:
    made = share(world)
    assert made["url"].endswith(f"/s/{made['token']}")
    reader = Caller(made["token"])
    assert reader.get_json(f"/sessions/{world.session.pk}")["role"] == "shared"
    assert reader.get_json(f"/runs/{world.run.pk}")["state"] == "completed"
    path = f"/sessions/{world.session.pk}/share-links"
    (listed,) = world.owner.get_json(path)["items"]
    assert listed["last_used_at"] is not None
    assert made["token"] not in str(listed)
    for _ in range(2):  # revoking twice changes nothing
        assert world.owner.send("DELETE", f"{path}/{made['id']}").status_code == 204
    refused(reader.send("GET", f"/runs/{world.run.pk}"), 401)
    (listed,) = world.owner.get_json(path)["items"]
    assert listed["revoked_at"] is not None


def test_a_link_expires(world: World) -> None:
    made = share(world, expires_at=(timezone.now() + timedelta(hours=1)).isoformat())
    reader = Caller(made["token"])
    assert reader.send("GET", f"/runs/{world.run.pk}").status_code == 200
    ShareLink.objects.update(expires_at=timezone.now())
    refused(reader.send("GET", f"/runs/{world.run.pk}"), 401)


def test_a_link_lives_for_thirty_days_unless_said_otherwise(world: World) -> None:
    share(world)
    link = ShareLink.objects.get()
    assert timedelta(days=29, hours=23) < link.expires_at - timezone.now() <= timedelta(days=30)


def test_archiving_the_session_ends_its_links(world: World) -> None:
    reader = Caller(share(world)["token"])
    world.owner.send("DELETE", f"/sessions/{world.session.pk}")
    refused(reader.send("GET", f"/sessions/{world.session.pk}"), 401)


@pytest.mark.parametrize(
    "moment", ["2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z", "2031-01-01T00:00:00", "tomorrow", ""]
)
def test_an_expiry_that_cannot_be(world: World, moment: str) -> None:
    response = world.owner.send("POST", f"/sessions/{world.session.pk}/share-links", {"expires_at": moment})
    assert refused(response, 422)["errors"][0]["field"] == "expires_at"
    assert not ShareLink.objects.exists()


def test_a_link_of_another_session_is_not_revoked_here(world: World) -> None:
    from app.explorer.models import Session

    made = share(world)
    other = Session.objects.create(team=world.team, title="Other")
    refused(world.owner.send("DELETE", f"/sessions/{other.pk}/share-links/{made['id']}"), 404)
    assert Caller(made["token"]).send("GET", f"/runs/{world.run.pk}").status_code == 200


def test_a_browser_that_opened_a_link_reads_by_its_cookie(world: World) -> None:
    """The page keeps the link's id in its cookie session; revoking ends that too."""
    made = share(world)
    browser = Caller()
    session = browser.session
    session[SHARE_LINK_KEY] = made["id"]
    session.save()
    assert browser.send("GET", f"/runs/{world.run.pk}").status_code == 200
    assert browser.send("POST", f"/runs/{world.run.pk}/pause").status_code == 403
    world.owner.send("DELETE", f"/sessions/{world.session.pk}/share-links/{made['id']}")
    refused(browser.send("GET", f"/runs/{world.run.pk}"), 401)
