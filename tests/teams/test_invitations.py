"""Invitations: by owners, for one person, for seven days."""

from __future__ import annotations

import pytest
from django.utils import timezone

from app.config.problems import Absent, Forbidden, Invalid
from app.teams.invitations import invitation_accept, invitation_create
from app.teams.models import Invitation, Role
from app.teams.services import user_create
from tests.explorer.world import World


def test_an_invited_stranger_becomes_a_member_once(world: World) -> None:
    token = invitation_create(team=world.team, invited_by=world.people[Role.OWNER], role=Role.ANNOTATOR)
    stranger = world.as_user(world.stranger)
    assert stranger.send("GET", f"/runs/{world.run.pk}").status_code == 404
    assert invitation_accept(token=token, user=world.stranger).role == Role.ANNOTATOR
    assert stranger.send("GET", f"/runs/{world.run.pk}").status_code == 200
    with pytest.raises(Absent):
        invitation_accept(token=token, user=user_create(username="another"))


def test_an_invitation_takes_nothing_away(world: World) -> None:
    owner = world.people[Role.OWNER]
    token = invitation_create(team=world.team, invited_by=owner, role=Role.VIEWER)
    assert invitation_accept(token=token, user=owner).role == Role.OWNER


def test_only_owners_invite_and_only_to_roles_there_are(world: World) -> None:
    with pytest.raises(Forbidden):
        invitation_create(team=world.team, invited_by=world.people[Role.EDITOR], role=Role.OWNER)
    with pytest.raises(Invalid):
        invitation_create(team=world.team, invited_by=world.people[Role.OWNER], role="king")
    assert not Invitation.objects.exists()


def test_an_invitation_expires(world: World) -> None:
    token = invitation_create(team=world.team, invited_by=world.people[Role.OWNER], role=Role.VIEWER)
    Invitation.objects.update(expires_at=timezone.now())
    with pytest.raises(Absent):
        invitation_accept(token=token, user=world.stranger)
