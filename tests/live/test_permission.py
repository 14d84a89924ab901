"""Who may open a run's websocket, and who has to leave it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from app.explorer.store.pool import Pool
from app.live import consumer
from app.teams.models import Membership, ShareLink, User
from app.teams.services import api_token_create
from app.teams.share_links import share_link_create, share_link_revoke
from tests.live.sockets import Socket, Story
from tests.support.stored import make_run


async def _closed_with(socket: Socket) -> int:
    assert (await socket.open())["type"] == "websocket.accept"
    message = await socket.next()
    assert message["type"] == "close", message
    return int(message["code"])


async def test_nobody_and_strangers_and_runs_that_are_not(db: Pool) -> None:
    story = await Story.begin(db)
    stranger = await sync_to_async(User.objects.create_user)("stranger")
    token = await sync_to_async(api_token_create)(stranger, "t")
    assert await _closed_with(Socket(story.run.pk, token="esp_api_wrong")) == 4401
    assert await _closed_with(Socket(story.run.pk, origin="http://testserver")) == 4401
    assert await _closed_with(Socket(story.run.pk, token=token)) == 4404
    assert await _closed_with(Socket(uuid4(), token=story.token)) == 4404
    assert await _closed_with(Socket(story.run.pk, "x", token=story.token)) == 4400


@pytest.mark.parametrize("origin", ["http://evil.example", "http://testserver.evil.example", "null", ""])
async def test_a_page_of_another_site_is_refused_before_anything_is_looked_at(db: Pool, origin: str) -> None:
    story = await Story.begin(db)
    socket = Socket(story.run.pk, **({"origin": origin} if origin else {}))
    answer = await socket.open()
    assert (answer["type"], answer["code"]) == ("websocket.close", 4403)


async def test_the_cookie_of_a_signed_in_page_is_enough(db: Pool) -> None:
    story = await Story.begin(db)

    def cookie() -> str:
        from django.conf import settings
        from django.test import Client

        client = Client()
        client.force_login(story.run.created_by)  # type: ignore[arg-type]
        return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    socket = Socket(story.run.pk, origin="http://testserver", cookie=await sync_to_async(cookie)())
    await socket.open()
    assert (await socket.next())["type"] == "hello"
    await socket.close()


async def test_a_member_who_leaves_the_team_leaves_the_socket(db: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "RECHECK_SECONDS", 0.2)
    story = await Story.begin(db)
    socket = Socket(story.run.pk, token=story.token)
    await socket.open()
    await socket.next()
    assert await socket.silent(0.6)
    await Membership.objects.filter(user=story.run.created_by).adelete()
    assert await socket.next() == {"type": "close", "code": 4403}


async def test_a_share_link_reads_its_session_only_and_ends_when_revoked(
    db: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "RECHECK_SECONDS", 0.2)
    story = await Story.begin(db)

    def share() -> tuple[ShareLink, str]:
        assert story.run.created_by
        return share_link_create(
            session=story.run.session, created_by=story.run.created_by, expires_at=timezone.now() + timedelta(hours=1)
        )

    link, token = await sync_to_async(share)()
    elsewhere = await sync_to_async(make_run)(user=story.run.created_by)
    assert await _closed_with(Socket(elsewhere.pk, token=token)) == 4404
    socket = Socket(story.run.pk, token=token)
    await socket.open()
    assert (await socket.next())["type"] == "hello"
    await sync_to_async(share_link_revoke)(link=link)
    assert await socket.next() == {"type": "close", "code": 4403}
