"""Forks share the beginning of a journal and go their own way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from app.explorer.models import Command, Event, Node, Run
from app.explorer.selectors import journal_events
from app.explorer.services.fork import boundary
from search.reducer import fold
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World, store_journal, stored_counts


def fork(world: World, **body: Any) -> Any:
    return world.owner.send("POST", f"/runs/{world.run.pk}/fork", body)


def test_a_fork_has_the_same_beginning(world: World) -> None:
    made = fork(world, at=20).json()
    run = Run.objects.get(pk=made["id"])
    seq = made["fork_seq"]
    assert seq >= 20
    assert (run.state, run.parent_id, run.head_seq, run.seed) == ("queued", world.run.pk, seq, world.run.seed)
    shared = journal_events(run.pk)
    assert shared == journal_events(world.run.pk, seq)
    assert run.header is not None
    assert run.header["warm_start"] == {"parent": str(world.run.pk), "seq": seq}
    tree = fold(shared)
    assert made["counters"]["tokens"] == tree.counters.tokens
    assert made["counters"]["nodes"] == len(tree)
    nodes = world.owner.get_json(f"/runs/{run.pk}/nodes?limit=1000")["items"]
    assert [node["status"] for node in nodes] == [node.status for node in tree.nodes]
    assert [node["text"] for node in nodes] == [node.text for node in tree.nodes]


def test_a_fork_leaves_before_the_next_round(world: World) -> None:
    """What event `at` decided is part of the fork, whole; the run's end is not."""
    events = journal_events(world.run.pk)
    kinds = {event.seq: event.kind for event in events}
    for at in range(1, len(events) + 1):
        seq = boundary(events, at)
        following = kinds.get(seq + 1)
        assert following in (None, "generate", "human", "deadline", "finished")
        assert seq >= at or all(kind != "generate" for number, kind in kinds.items() if number > at)
        assert fold(events[:seq]).unborn == {}


def test_what_if_this_had_not_been_pruned(world: World) -> None:
    events = journal_events(world.run.pk)
    pruned = next(event for event in events if event.kind == "pruned")
    node = pruned.payload["nodes"][0]["node"]
    made = fork(world, at=pruned.seq, change={"command": {"kind": "restore", "node": node}})
    assert made.status_code == 201, made.content
    command = Command.objects.get(run=made.json()["id"])
    assert (command.kind, command.payload["node"]) == ("restore", node)


def test_a_fork_with_another_strategy(world: World) -> None:
    made = fork(world, at=20, change={"algorithm": "greedy", "seed": 5, "budget": {"tokens": 4000}}).json()
    assert (made["algorithm"], made["seed"], made["budget"]["tokens"]) == ("greedy", 5, 4000)
    assert made["params"] == {"max_steps": 32}
    header = Run.objects.get(pk=made["id"]).header
    assert header is not None
    assert (header["algorithm"], header["seed"], header["budget"]["tokens"]) == ("greedy", 5, 4000)


def test_a_fork_to_and_from_a_strategy_with_two_policies(world: World) -> None:
    unknown = fork(world, at=20, change={"algorithm": "reward_guided_speculation"})
    assert "No run has used the policy model embedded_draft yet" in unknown.json()["detail"]
    made = fork(world, at=20, change={"algorithm": "reward_guided_speculation", "params": {"draft": "embedded"}}).json()
    drafted = Run.objects.get(pk=made["id"])
    assert drafted.header is not None
    assert drafted.header["draft"] == drafted.header["policy"]
    drafted.header["draft"] = drafted.header["draft"] | {"slug": "embedded_draft"}
    drafted.save(update_fields=["header"])
    small = fork(world, at=20, change={"algorithm": "reward_guided_speculation"})  # known as a draft, that is enough
    assert small.status_code == 201, small.content
    Run.objects.filter(pk=drafted.pk).update(state="completed")
    back = world.owner.send("POST", f"/runs/{drafted.pk}/fork", {"at": 20, "change": {"algorithm": "greedy"}}).json()
    header = Run.objects.get(pk=back["id"]).header
    assert header is not None
    assert "draft" not in header


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"at": 10_000}, 422, "at"),
        ({"at": 0}, 422, "at"),
        ({"change": {"algorithm": "deam"}}, 422, "change.algorithm"),
        ({"change": {"params": {"width": 0}}}, 422, "change.params.width"),
        ({"change": {"command": {"kind": "pause", "node": 1}}}, 422, "change.command.kind"),
        ({"change": {"command": {"kind": "restore", "node": 999}}}, 404, None),
        ({"change": {"reward": "exact"}}, 409, None),
    ],
)
def test_a_fork_that_cannot_be(world: World, body: dict[str, Any], status: int, field: str | None) -> None:
    before = stored_counts()
    document = refused(fork(world, **body), status)
    if field:
        assert document["errors"][0]["field"] == field
    assert stored_counts() == before


def test_a_fork_goes_on_with_the_models_of_today(world: World) -> None:
    """A model's description comes from the latest run that used it; that may be another run than the parent."""
    newer = store_journal(world.session, "greedy")
    assert newer.header is not None
    newer.header["policy"]["weights_sha256"] = "new"
    newer.started_at = timezone.now()
    newer.save()
    Run.objects.filter(pk=world.run.pk).update(started_at=timezone.now() - timedelta(hours=1))
    header = Run.objects.get(pk=fork(world, at=20).json()["id"]).header
    assert header is not None
    assert header["policy"]["weights_sha256"] == "new"


def test_a_run_that_has_not_begun_has_nothing_to_share(world: World) -> None:
    world.put_into("queued", header=None, head_seq=0)
    assert "Start another run" in refused(fork(world), 409)["detail"]


def test_forking_leaves_the_parent_alone(world: World) -> None:
    before = Event.objects.filter(run=world.run).count(), Node.objects.filter(run=world.run).count()
    fork(world)
    assert (Event.objects.filter(run=world.run).count(), Node.objects.filter(run=world.run).count()) == before
