"""A run taken elsewhere: as a command, as Python, and as a journal that replays."""

from __future__ import annotations

import ast
import io
import shlex

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from search.events import read_jsonl
from tests.explorer.world import JOURNALS, World, make_world


async def downloaded(world: World) -> tuple[str, str]:
    """The journal as the server streams it, and the name it offers."""
    from asgiref.sync import sync_to_async

    from app.teams.services import api_token_create

    token = await sync_to_async(api_token_create)(world.people["owner"], "journal")
    path = f"/api/v1/runs/{world.run.pk}/journal"
    answer = await AsyncClient().get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    parts = [part async for part in answer]
    return b"".join(parts).decode(), answer["Content-Disposition"]


@pytest.mark.django_db
@pytest.mark.parametrize("journal", ["votes", "budget_raised"])
def test_the_file_is_the_journal(journal: str) -> None:
    world = make_world(journal)
    text, disposition = async_to_sync(downloaded)(world)
    with (JOURNALS / f"{journal}.jsonl").open() as stream:
        _, expected = read_jsonl(stream)
    assert read_jsonl(io.StringIO(text))[1] == expected
    assert disposition.startswith("attachment; filename=")


@pytest.mark.django_db
def test_the_recipe_is_a_command_and_a_script() -> None:
    world = make_world("votes")
    found = world.owner.get_json(f"/runs/{world.run.pk}/recipe")
    words = shlex.split(found["command"])
    assert f"--algorithm={world.run.algorithm}" in words
    assert f"--seed={world.run.seed}" in words
    ast.parse(found["python"])


@pytest.mark.django_db
def test_a_tree_that_no_strategy_grew_has_no_recipe() -> None:
    world = make_world("votes")
    world.run.algorithm = "imported"
    world.run.save(update_fields=["algorithm"])
    answer = world.owner.send("GET", f"/runs/{world.run.pk}/recipe")
    assert answer.status_code == 409
    assert "algorithm" in answer.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("part", ["recipe", "journal"])
def test_who_may_not_see_the_run_gets_neither(part: str) -> None:
    world = make_world("votes")
    assert world.as_user(world.stranger).send("GET", f"/runs/{world.run.pk}/{part}").status_code == 404
