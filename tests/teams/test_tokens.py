"""Sign-in and API tokens: one-time, expiring, revocable, stored as digests only."""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone

from app.config.problems import Conflict, Invalid
from app.teams.models import ApiToken, LoginToken, Membership, Role, Team, User
from app.teams.services import (
    api_token_create,
    api_token_revoke,
    api_token_user,
    login_token_create,
    login_token_redeem,
    membership_set,
    owner_ensure,
    user_create,
)
from tests.explorer.world import Caller, World


@pytest.mark.django_db
def test_the_owner_is_made_once_with_a_team() -> None:
    owner = owner_ensure()
    assert owner_ensure() == owner
    assert User.objects.count() == Team.objects.count() == 1
    membership = Membership.objects.get()
    assert (membership.user, membership.role, membership.team.personal) == (owner, Role.OWNER, True)
    assert owner.is_superuser
    assert not owner.has_usable_password()


@pytest.mark.django_db
def test_a_login_token_works_once() -> None:
    owner = owner_ensure()
    token = login_token_create(owner)
    assert login_token_redeem(token) == owner
    assert login_token_redeem(token) is None
    assert login_token_redeem("esp_login_nonsense") is None


@pytest.mark.django_db
def test_an_expired_login_token_and_an_inactive_user() -> None:
    owner = owner_ensure()
    assert login_token_redeem(login_token_create(owner, expires_at=timezone.now() - timedelta(seconds=1))) is None
    token = login_token_create(owner)
    owner.is_active = False
    owner.save()
    assert login_token_redeem(token) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_with_one_link_one_gets_in() -> None:
    token = login_token_create(owner_ensure())
    found: list[User | None] = []
    gate = threading.Barrier(4)

    def open_link() -> None:
        try:
            gate.wait()
            found.append(login_token_redeem(token))
        finally:
            connections.close_all()

    browsers = [threading.Thread(target=open_link) for _ in range(4)]
    for browser in browsers:
        browser.start()
    for browser in browsers:
        browser.join()
    assert len([user for user in found if user is not None]) == 1


@pytest.mark.django_db
def test_api_tokens_are_stored_as_digests() -> None:
    owner = owner_ensure()
    token = api_token_create(owner, "notebook")
    row = ApiToken.objects.get()
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    assert row.last_used_at is None
    assert api_token_user(token) == owner
    row.refresh_from_db()
    assert row.last_used_at is not None
    login = login_token_create(owner)
    with connection.cursor() as cursor:  # neither is anywhere in the database
        for table in (ApiToken, LoginToken):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table._meta.db_table} t")
            stored = cursor.fetchone()[0]
            assert token not in stored
            assert login not in stored


@pytest.mark.django_db
def test_a_revoked_token_and_an_inactive_user() -> None:
    owner = owner_ensure()
    first, second = api_token_create(owner, "one"), api_token_create(owner, "two")
    assert api_token_revoke(user=owner, name="one") == 1
    assert api_token_user(first) is None
    assert api_token_user(second) == owner
    owner.is_active = False
    owner.save()
    assert api_token_user(second) is None
    with pytest.raises(ValidationError):
        api_token_create(owner, "")


def test_a_revoked_token_gets_401(world: World) -> None:
    owner = world.people[Role.OWNER]
    caller = Caller(api_token_create(owner, "old"))
    assert caller.send("GET", "/sessions").status_code == 200
    api_token_revoke(user=owner, name="old")
    assert caller.send("GET", "/sessions").status_code == 401


def test_roles(world: World) -> None:
    with pytest.raises(Invalid):
        membership_set(team=world.team, user=world.stranger, role="king")
    with pytest.raises(Conflict):
        membership_set(team=world.team, user=world.people[Role.OWNER], role=Role.VIEWER)
    membership_set(team=world.team, user=world.people[Role.EDITOR], role=Role.OWNER)
    membership_set(team=world.team, user=world.people[Role.OWNER], role=Role.VIEWER)
    assert world.owner.send("DELETE", f"/sessions/{world.session.pk}").status_code == 403


def test_who_leaves_a_team_sees_nothing_of_it(world: World) -> None:
    viewer = world.as_role(Role.VIEWER)
    Membership.objects.filter(user=world.people[Role.VIEWER], team=world.team).delete()
    assert viewer.send("GET", f"/runs/{world.run.pk}").status_code == 404
    assert viewer.get_json("/sessions")["items"] == []


@pytest.mark.django_db
def test_people_have_a_personal_team() -> None:
    user = user_create(username="ada", password="correct horse battery")
    assert user.check_password("correct horse battery")
    assert [team.personal for team in user.teams.all()] == [True]
    with pytest.raises(ValidationError):
        user_create(username="ada")
