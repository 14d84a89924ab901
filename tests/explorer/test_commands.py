"""Commands: stored once, in order, refused when they make no sense, announced to the worker."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from redis import Redis

from app.explorer.models import Command, Node, NodeState, Run
from app.explorer.store.announce import commands_channel
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World, make_world, stored_counts


def give(world: World, path: str, body: Any = None) -> Any:
    return world.owner.send("POST", f"/runs/{world.run.pk}/{path}", body)


def test_a_command_is_stored_with_who_and_what(world: World) -> None:
    world.put_into("paused")
    node = world.node(status="pruned")
    response = give(world, f"nodes/{node}/restore", {})
    assert response.status_code == 202
    command = Command.objects.get()
    assert response.json() == {"command": str(command.pk), "state": "paused"}
    assert (command.kind, command.number, command.run_id) == ("restore", 1, world.run.pk)
    assert command.payload == {"node": node, "by": "owner-of-team"}
    assert (command.applied_seq, command.error) == (None, None)


def test_the_same_id_is_carried_out_once(world: World) -> None:
    world.put_into("running")
    body = {"id": str(uuid4())}
    assert give(world, "pause", body).json() == give(world, "pause", body).json()
    assert Command.objects.count() == 1
    refused(give(world, "cancel", body), 409)  # the id belongs to another command
    assert Command.objects.count() == 1


def test_commands_are_numbered_in_the_order_they_were_given(world: World) -> None:
    world.put_into("running")
    for path in ("pause", "resume", "pause", "cancel"):
        assert give(world, path).status_code == 202
    found = Command.objects.order_by("number").values_list("number", "kind")
    assert list(found) == [(1, "pause"), (2, "resume"), (3, "pause"), (4, "cancel")]


@pytest.mark.parametrize(
    ("state", "path", "words"),
    [
        ("paused", "pause", "resume it"),
        ("running", "resume", "not paused"),
        ("queued", "resume", "not paused"),
        ("completed", "pause", "finished"),
        ("completed", "resume", "fork it"),
        ("completed", "cancel", "finished"),
        ("cancelled", "resume", "Fork it"),
        ("failed", "nodes/1/expand", "Resume it once that is mended"),
        ("failed", "pause", "out of luck"),
    ],
)
def test_what_makes_no_sense_now(world: World, state: str, path: str, words: str) -> None:
    world.put_into(state, error="out of luck")
    before = stored_counts()
    assert words in refused(give(world, path, {}), 409)["detail"]
    assert stored_counts() == before


def test_a_failed_run_is_queued_again(world: World) -> None:
    world.put_into("failed", error="out of luck", stopped_by="error")
    body = {"id": str(uuid4())}
    assert give(world, "resume", body).status_code == 202
    run = world.owner.get_json(f"/runs/{world.run.pk}")
    assert (run["state"], run["error"], run["stopped_by"], run["finished_at"]) == ("queued", None, None, None)
    assert Command.objects.get().applied_seq == run["head_seq"]  # nothing waits: the search does not hear of it
    assert give(world, "resume", body).status_code == 202  # the same command again
    refused(give(world, "resume"), 409)


def test_a_waiting_command_counts_as_given(world: World) -> None:
    """The worker has applied nothing yet, but whoever pauses twice is told so."""
    world.put_into("running")
    give(world, "pause")
    refused(give(world, "pause"), 409)
    node = world.node(status="expanded")
    give(world, f"nodes/{node}/prune", {})
    refused(give(world, f"nodes/{node}/prune", {}), 409)
    refused(give(world, f"nodes/{node}/expand", {}), 409)
    assert give(world, f"nodes/{node}/restore", {}).status_code == 202


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("nodes/0/prune", {}, 422, "node"),
        ("nodes/0/edit", {"text": "1 + 1 = 2"}, 422, "node"),
        ("nodes/1/edit", {"text": ""}, 422, "text"),
        ("nodes/1/edit", {"text": "   "}, 422, "text"),
        ("nodes/1/edit", {"text": "one\ntwo"}, 422, "text"),
        ("nodes/1/edit", {"text": "x" * 2001}, 422, "text"),
        ("nodes/1/edit", {"text": "a\u0000b"}, 422, "text"),
        ("nodes/1/edit", {"text": "3 × 5 = 15"}, 422, "text"),
        ("nodes/1/edit", {}, 422, "text"),
        ("nodes/1/expand", {"n": 0}, 422, "n"),
        ("nodes/1/expand", {"n": 65}, 422, "n"),
        ("nodes/1/expand", {"id": "not a uuid"}, 422, "id"),
        ("budget", {"budget": {}}, 422, "budget"),
        ("budget", {"budget": {"tokens": 10}}, 422, "budget.tokens"),
        ("budget", {}, 422, "budget"),
        ("nodes/9999/expand", {}, 404, None),
        ("nodes/99999999999999/expand", {}, 404, None),
    ],
)
def test_a_command_that_cannot_be(world: World, path: str, body: Any, status: int, field: str | None) -> None:
    world.put_into("paused", budget=world.run.budget | {"tokens": 1000})
    before = stored_counts()
    document = refused(give(world, path, body), status)
    if field:
        assert document["errors"][0]["field"] == field
    assert stored_counts() == before


def test_a_finished_solution_has_no_next_step(world: World) -> None:
    world.put_into("completed")
    node = world.node(correct__isnull=False, status__in=["terminal", "selected"])
    assert "Expand its parent" in refused(give(world, f"nodes/{node}/expand", {}), 409)["detail"]


def test_a_spent_budget_is_raised_before_expanding(world: World) -> None:
    world.put_into("completed", stopped_by="budget", cap="tokens", budget=world.run.budget | {"tokens": 1000})
    node = world.node(status="expanded")
    assert "/budget" in refused(give(world, f"nodes/{node}/expand", {}), 409)["detail"]
    assert give(world, "budget", {"budget": {"tokens": 2000}}).status_code == 202
    assert give(world, f"nodes/{node}/expand", {}).status_code == 202


def test_a_search_that_ended_by_itself_needs_no_budget(world: World) -> None:
    world.put_into("completed", stopped_by="completed", budget=world.run.budget | {"tokens": 1000})
    assert "Fork" in refused(give(world, "budget", {"budget": {"tokens": 2000}}), 409)["detail"]


def test_a_step_below_a_pruned_one_is_not_edited(world: World) -> None:
    world.put_into("paused")
    child = Node.objects.filter(run_id=world.run.pk, depth=2).order_by("index")[0].index
    parent = Node.objects.get(run_id=world.run.pk, index=child).parents[0]
    NodeState.objects.filter(run_id=world.run.pk, index=parent).update(status="pruned")
    response = give(world, f"nodes/{child}/edit", {"text": "1 + 1 = 2 (left: 2)"})
    assert f"Node {parent}" in refused(response, 409)["detail"]


def test_what_became_of_each_command(world: World) -> None:
    world.put_into("running")
    for path in ("pause", "resume", "pause"):
        give(world, path)
    Command.objects.filter(number=1).update(applied_seq=40)
    Command.objects.filter(number=2).update(error="the run is not paused")
    first = world.as_reader().get_json(f"/runs/{world.run.pk}/commands?limit=2")
    rest = world.owner.get_json(f"/runs/{world.run.pk}/commands?after={first['next']}")
    assert [(c["kind"], c["applied_seq"], c["error"]) for c in first["items"] + rest["items"]] == [
        ("pause", 40, None), ("resume", None, "the run is not paused"), ("pause", None, None),
    ]  # fmt: skip
    assert rest["next"] is None
    assert rest["items"][0]["payload"] == {"by": "owner-of-team"}


def test_a_cap_is_raised_or_lifted_never_lowered(world: World) -> None:
    world.put_into("paused", budget=world.run.budget | {"tokens": 1000})
    assert give(world, "budget", {"budget": {"tokens": 2000}}).status_code == 202
    assert refused(give(world, "budget", {"budget": {"tokens": 1500}}), 422)["errors"][0]["field"] == "budget.tokens"
    assert give(world, "budget", {"budget": {"tokens": None}}).status_code == 202
    assert [c.payload["budget"] for c in Command.objects.order_by("number")] == [{"tokens": 2000}, {"tokens": None}]


def test_a_hint_needs_a_policy_that_reads_hints(world: World) -> None:
    world.put_into("paused")
    node = world.node(status="expanded")
    assert give(world, f"nodes/{node}/hint", {"text": "make 6 first"}).status_code == 202
    header = world.run.header
    assert header is not None
    header["policy"]["template"] |= {"hint": None, "supports_hints": False}
    Run.objects.filter(pk=world.run.pk).update(header=header)
    document = refused(give(world, f"nodes/{node}/hint", {"text": "make 6 first"}), 422)
    assert "edit the step" in document["errors"][0]["mend"]


@pytest.mark.django_db(transaction=True)
def test_the_worker_hears_of_it() -> None:
    """A run under way: on its Redis channel. A resting one: by a message in the queue, and `doorbell_at` says when."""
    world = make_world()
    with Redis.from_url(settings.REDIS_URL) as redis:
        redis.delete("interactive")
        with redis.pubsub(ignore_subscribe_messages=True) as ear:
            ear.subscribe(commands_channel(world.run.pk))
            ear.get_message(timeout=5)  # the subscription itself
            world.put_into("running", lease=uuid4(), lease_until="2100-01-01T00:00Z")
            give(world, "pause")
            heard = next(message for message in iter(lambda: ear.get_message(timeout=5), None))
            assert heard["channel"].decode() == commands_channel(world.run.pk)
        assert redis.llen("interactive") == 0
        world.put_into("paused", lease=None, lease_until=None)
        Command.objects.all().delete()
        give(world, "resume")
        assert redis.llen("interactive") == 1
        assert str(world.run.pk).encode() in redis.lindex("interactive", 0) or redis.delete("interactive")
    world.run.refresh_from_db()
    assert world.run.doorbell_at is not None
