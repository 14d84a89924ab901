"""Login links, passwords, share links and API tokens, as a browser meets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from app.teams.models import ApiToken, ShareLink
from app.teams.principals import SHARE_LINK_KEY
from app.teams.services import api_token_user, login_token_create
from app.teams.share_links import share_link_create, share_link_revoke
from tests.explorer.world import World
from tests.pages.reading import props_of, text_of


def test_a_login_link_lets_in_once_and_leaves_the_address(world: World) -> None:
    token = login_token_create(world.people["owner"])
    browser = Client()
    response = browser.get(f"/?token={token}")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert browser.get("/").status_code == 200
    assert browser.get(f"/?token={token}")["Location"] == "/"  # opened again where it worked
    second = Client().get(f"/?token={token}")
    assert second.status_code == 403
    assert "was used already" in text_of(second)
    assert "make run" in text_of(second)


def test_asking_for_the_heading_of_a_login_link_does_not_use_it_up(world: World) -> None:
    token = login_token_create(world.people["owner"])
    browser = Client()
    assert browser.head(f"/?token={token}").status_code == 200
    assert "sessionid" not in browser.cookies
    assert browser.get(f"/?token={token}")["Location"] == "/"
    assert browser.get("/").status_code == 200


def test_an_expired_link_says_how_to_get_a_new_one(world: World) -> None:
    token = login_token_create(world.people["owner"], expires_at=timezone.now() - timedelta(seconds=1))
    response = Client().get(f"/?token={token}")
    assert response.status_code == 403
    assert "prints a new link" in text_of(response)


@pytest.mark.parametrize("after", ["/new", "//evil.example/x", "https://evil.example", "javascript:alert(1)"])
def test_a_password_lets_in_and_never_sends_elsewhere(world: World, after: str) -> None:
    user = world.people["owner"]
    user.set_password("correct horse")
    user.save()
    browser = Client()
    wrong = browser.post("/login/", {"username": user.username, "password": "x", "next": after})
    assert wrong.status_code == 403
    assert "do not belong together" in text_of(wrong)
    right = browser.post("/login/", {"username": user.username, "password": "correct horse", "next": after})
    assert right["Location"] == ("/new" if after == "/new" else "/")


def test_logging_out_takes_a_post(browser: Client) -> None:
    assert browser.get("/logout/").status_code == 405
    assert browser.post("/logout/")["Location"] == "/login/"
    assert browser.get("/").status_code == 302


def test_a_share_link_reads_one_session_and_nothing_else(world: World) -> None:
    link, token = share_link_create(session=world.session, created_by=world.people["owner"])
    guest = Client()
    response = guest.get(f"/s/{token}")
    assert response["Location"] == f"/sessions/{world.session.pk}"
    assert guest.session[SHARE_LINK_KEY] == str(link.pk)
    props = props_of(guest.get(f"/sessions/{world.session.pk}"), "session")
    assert not any(props["can"].values())
    assert props["session"]["role"] == "shared"
    page = guest.get(f"/runs/{world.run.pk}")
    assert props_of(page, "explorer")["user"] is None
    assert "read-only" in text_of(page)
    assert guest.get("/")["Location"] == f"/sessions/{world.session.pk}"
    assert guest.get("/new").status_code == 302
    assert guest.get(f"/api/v1/runs/{world.run.pk}").status_code == 200
    assert guest.post(f"/api/v1/runs/{world.run.pk}/cancel", {}, "application/json").status_code == 403


def test_a_revoked_link_ends_for_those_who_opened_it(world: World) -> None:
    link, token = share_link_create(session=world.session, created_by=world.people["owner"])
    guest = Client()
    guest.get(f"/s/{token}")
    share_link_revoke(link=link)
    assert guest.get(f"/sessions/{world.session.pk}").status_code == 302
    ended = guest.get(f"/s/{token}")
    assert ended.status_code == 404
    assert "Ask the person who sent it for a new one" in text_of(ended)


def test_the_cookie_of_a_guest_ends_with_the_link(world: World) -> None:
    link, token = share_link_create(
        session=world.session, created_by=world.people["owner"], expires_at=timezone.now() + timedelta(hours=1)
    )
    guest = Client()
    guest.get(f"/s/{token}")
    assert guest.session.get_expiry_date() == link.expires_at
    ShareLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    assert guest.get(f"/sessions/{world.session.pk}").status_code == 302


def test_a_member_who_opens_a_share_link_stays_a_member(browser: Client, world: World) -> None:
    _, token = share_link_create(session=world.session, created_by=world.people["owner"])
    assert browser.get(f"/s/{token}")["Location"] == f"/sessions/{world.session.pk}"
    assert SHARE_LINK_KEY not in browser.session


def test_a_stranger_with_an_account_is_asked_first(world: World) -> None:
    _, token = share_link_create(session=world.session, created_by=world.people["owner"])
    stranger = Client()
    stranger.force_login(world.stranger)
    asked = stranger.get(f"/s/{token}")
    assert asked.status_code == 200
    assert "logs you out" in text_of(asked)
    stranger.post(f"/s/{token}")
    assert stranger.get(f"/sessions/{world.session.pk}").status_code == 200
    assert stranger.get("/")["Location"] == f"/sessions/{world.session.pk}"


def test_api_tokens_are_shown_once_and_revoked_by_name(browser: Client, world: World) -> None:
    owner = world.people["owner"]
    made = browser.post("/account/tokens", {"name": "nightly <i>export</i>"})
    token = made.context["made"]
    assert token in text_of(made)
    assert "<i>" not in made.content.decode()
    assert api_token_user(token) == owner
    assert token not in text_of(browser.get("/account/tokens"))
    browser.post("/account/tokens", {"do": "revoke", "name": "nightly <i>export</i>"})
    assert api_token_user(token) is None


def test_a_token_without_a_name_is_refused(browser: Client) -> None:
    before = ApiToken.objects.count()
    response = browser.post("/account/tokens", {"name": "  "})
    assert response.status_code == 422
    assert response.context["name_error"]
    assert ApiToken.objects.count() == before


def test_a_form_without_its_csrf_token_explains_itself(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/login/", {"username": "x", "password": "y"})
    assert response.status_code == 403
    assert "reload the page" in text_of(response)
