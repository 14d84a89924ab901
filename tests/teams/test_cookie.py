"""The page's cookie as a caller of the API: reads freely, writes with the CSRF token."""

from __future__ import annotations

from django.test import Client

from tests.explorer.test_bad_input import refused
from tests.explorer.world import World


def test_reading_needs_only_the_cookie(world: World) -> None:
    browser = Client()
    browser.force_login(world.people["owner"])
    assert browser.get("/api/v1/sessions").status_code == 200


def test_writing_needs_the_csrf_token(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.people["owner"])
    document = refused(browser.post("/api/v1/sessions", {"title": "x"}, content_type="application/json"), 403)
    assert document["errors"][0]["field"] == "X-CSRFToken"
    browser.get("/login/")
    browser.get("/")
    token = browser.cookies["espalier_csrf"].value
    made = browser.post(
        "/api/v1/sessions", {"title": "x"}, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert made.status_code == 201, made.content


def test_a_bearer_needs_no_csrf_token(world: World) -> None:
    world.owner.handler.enforce_csrf_checks = True
    assert world.owner.send("POST", "/sessions", {"title": "x"}).status_code == 201


def test_a_deactivated_user_is_nobody(world: World) -> None:
    browser = Client()
    user = world.people["owner"]
    browser.force_login(user)
    user.is_active = False
    user.save()
    refused(browser.get("/api/v1/sessions"), 401)
