"""Queues: what comes first, who gets what, locks that two people never share, progress, gold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from app.annotation.models import LabelQueue, PathReview, QueueItem, StepLabel
from app.explorer.models import Node, NodeState, Run
from tests.annotation.test_export import grow
from tests.annotation.test_review import mark
from tests.explorer.test_bad_input import refused
from tests.explorer.world import Caller, World, make_world

# Three paths: 1 2, 1 3 and 4.
#   reward   1: .9   2: .8   3: .5   4: .6
#   rollouts 1: .5   2: .75          4: .1
#   end                2 wrong  3 right  4 wrong
TREE = [0, 1, 1, 0]
REWARDS = {1: 0.9, 2: 0.8, 3: 0.5, 4: 0.6}
ROLLOUTS = {1: 0.5, 2: 0.75, 4: 0.1}
CORRECT = {2: False, 3: True, 4: False}


@pytest.fixture
def world(db: None) -> World:
    world = make_world()
    plant(world.run)
    return world


def plant(run: Run) -> None:
    grow(run, TREE)
    Node.objects.filter(run=run, index__in=CORRECT).update(finish="end")
    NodeState.objects.bulk_create(
        NodeState(
            run=run, index=index, status="terminal", reward=REWARDS.get(index), correct=CORRECT.get(index),
            rewards={"prm": REWARDS[index]} | ({"rollout_value": ROLLOUTS[index]} if index in ROLLOUTS else {}),
        )
        for index in REWARDS
    )  # fmt: skip


def make(world: World, **settings: Any) -> dict[str, Any]:
    body = {"title": "Read these", "sessions": [str(world.session.pk)], **settings}
    response = world.owner.send("POST", "/queues", body)
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    return made


def leaves(queue: dict[str, Any]) -> list[int]:
    return list(QueueItem.objects.filter(queue=queue["id"]).order_by("place").values_list("leaf", flat=True))


def take(caller: Caller, queue: dict[str, Any]) -> Any:
    response = caller.send("POST", f"/queues/{queue['id']}/take")
    assert response.status_code == 200, response.content
    return response.json()


def submit(caller: Caller, queue: dict[str, Any], item: str, **body: Any) -> Any:
    return caller.send("POST", f"/queues/{queue['id']}/items/{item}/submit", body)


def read(caller: Caller, queue: dict[str, Any], **body: Any) -> int | None:
    """Take one and end it; the leaf of its path."""
    task = take(caller, queue)
    if task["item"] is None:
        return None
    assert submit(caller, queue, task["item"], **{"outcome": "bad_problem", **body}).status_code == 201
    leaf: int = task["path"]["leaf"]
    return leaf


@pytest.mark.parametrize(
    ("ordering", "expected", "scores"),
    [
        ("convincing_wrong", [2, 4], [0.8, 0.6]),
        # 1 − |2r − 1|: path 1 3 is (.2 + 1)/2, path 4 is .8, path 1 2 is (.2 + .4)/2
        ("uncertain_reward", [4, 3, 2], [0.8, 0.6, 0.3]),
        # the largest gap on each path: .5 on 4, .4 on node 1 for the two others
        ("reward_vs_rollouts", [4, 2, 3], [0.5, 0.4, 0.4]),
    ],
)
def test_what_comes_first(world: World, ordering: str, expected: list[int], scores: list[float]) -> None:
    queue = make(world, ordering=ordering)
    assert leaves(queue) == expected
    found = QueueItem.objects.filter(queue=queue["id"]).order_by("place").values_list("score", flat=True)
    assert list(found) == pytest.approx(scores)
    assert make(world, ordering=ordering, limit=1)["counts"]["items"] == 1


def test_a_random_order_is_the_seeds(world: World) -> None:
    orders = {seed: leaves(make(world, seed=seed)) for seed in range(6)}
    assert all(sorted(order) == [2, 3, 4] for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 1
    assert leaves(make(world, seed=3)) == orders[3]


def test_an_import_has_no_ends_and_gives_every_path(world: World) -> None:
    Node.objects.filter(run=world.run).update(finish="step")
    assert sorted(leaves(make(world))) == [2, 3, 4]
    Node.objects.filter(run=world.run, index=3).update(finish="end")
    assert leaves(make(world)) == [3]


def test_runs_that_are_under_way_wait_for_a_queue_of_their_own(world: World) -> None:
    Run.objects.filter(pk=world.run.pk).update(state="running")
    body = {"title": "t", "sessions": [str(world.session.pk)]}
    error = refused(world.owner.send("POST", "/queues", body), 422)["errors"][0]
    assert (error["field"], error["message"]) == ("ordering", "no finished run of these sessions has a path")
    assert not LabelQueue.objects.exists()


def test_label_next_hands_out_path_after_path(world: World) -> None:
    queue = make(world, ordering="uncertain_reward")
    annotator = world.as_role("annotator")
    task = take(annotator, queue)
    assert (task["path"]["leaf"], task["counts"]["left"]) == (4, 3)
    assert [step["rewards"] for step in task["path"]["steps"]] == [None]
    assert take(annotator, queue)["item"] == task["item"]  # still the same one, until it is read
    refused(submit(annotator, queue, task["item"]), 422)  # nothing is marked
    mark(annotator, world.run, {4: -1})
    answer = submit(annotator, queue, task["item"], seconds=20)
    assert answer.json()["review"]["outcome"] == "found_error"
    assert [read(annotator, queue), read(annotator, queue), read(annotator, queue)] == [3, 2, None]
    assert take(annotator, queue)["counts"] == {
        "items": 3, "done": 3, "gold": 0, "held": 0, "readings": 3, "mine": 3, "left": 0,
    }  # fmt: skip


def test_rewards_are_shown_where_the_queue_says_so(world: World) -> None:
    queue = make(world, ordering="convincing_wrong", show_rewards=True)
    steps = take(world.owner, queue)["path"]["steps"]
    assert [step["rewards"] for step in steps] == [
        {"prm": 0.9, "rollout_value": 0.5}, {"prm": 0.8, "rollout_value": 0.75},
    ]  # fmt: skip
    assert steps[1]["siblings"][0]["rewards"] == {"prm": 0.5}


def test_two_people_get_two_items_and_each_item_its_readings(world: World) -> None:
    queue = make(world, ordering="uncertain_reward", labels_per_item=2)
    owner, annotator, editor = world.owner, world.as_role("annotator"), world.as_role("editor")
    assert [take(one, queue)["path"]["leaf"] for one in (owner, annotator, editor)] == [4, 3, 2]
    assert read(owner, queue) == 4
    assert read(owner, queue) is None  # the two others are held
    assert [read(annotator, queue), read(annotator, queue)] == [3, 4]
    assert read(editor, queue) == 2
    assert read(editor, queue) == 3  # 4 has its two readings
    progress = world.owner.get_json(f"/queues/{queue['id']}")
    assert (progress["counts"]["done"], progress["counts"]["readings"]) == (2, 5)


def test_giving_up_leaves_the_item_for_others(world: World) -> None:
    queue = make(world, ordering="convincing_wrong", limit=1)
    assert read(world.owner, queue, outcome="give_up") == 2
    assert read(world.owner, queue) is None
    assert read(world.as_role("annotator"), queue) == 2
    assert world.owner.get_json(f"/queues/{queue['id']}")["counts"]["done"] == 1


@pytest.mark.parametrize(
    ("policy", "afterwards"), [("to_others", [3, 2, None]), ("later", [3, 2, 4]), ("forbidden", [4, 3, 2])]
)
def test_what_a_skipped_path_does(world: World, policy: str, afterwards: list[int | None]) -> None:
    queue = make(world, ordering="uncertain_reward", skipping=policy)
    item = take(world.owner, queue)["item"]
    response = world.owner.send("POST", f"/queues/{queue['id']}/items/{item}/skip")
    assert response.status_code == (409 if policy == "forbidden" else 204)
    if policy != "forbidden":
        assert take(world.as_role("annotator"), queue)["path"]["leaf"] == 4
        QueueItem.objects.update(held_by=None, held_until=None)
    assert [read(world.owner, queue) for _ in range(3)] == afterwards


def test_a_lock_that_ran_out(world: World) -> None:
    queue = make(world, ordering="convincing_wrong", limit=1)
    annotator = world.as_role("annotator")
    item = take(world.owner, queue)["item"]
    assert take(annotator, queue)["item"] is None
    run_out()
    assert take(annotator, queue)["item"] == item
    mark(world.owner, world.run, {1: -1})
    document = refused(submit(world.owner, queue, item), 409)
    assert "Your marks are kept" in document["detail"]
    refused(world.owner.send("POST", f"/queues/{queue['id']}/items/{item}/hold"), 409)
    assert StepLabel.objects.filter(annotator=world.people["owner"]).count() == 1
    assert not PathReview.objects.exists()
    # Nobody took it: being late does no harm.
    run_out()
    assert submit(annotator, queue, item, outcome="give_up").status_code == 201


def run_out() -> None:
    QueueItem.objects.update(held_until=timezone.now() - timedelta(seconds=1))


def test_who_is_still_reading_holds_on(world: World) -> None:
    queue = make(world, limit=1, lock_minutes=5)
    item = take(world.owner, queue)["item"]
    run_out()
    assert world.owner.send("POST", f"/queues/{queue['id']}/items/{item}/hold").status_code == 200
    left = QueueItem.objects.get().held_until - timezone.now()  # type: ignore[operator]
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


def test_a_queue_for_some(world: World) -> None:
    queue = make(world, annotators=["annotator-of-team"])
    refused(world.owner.send("POST", f"/queues/{queue['id']}/take"), 403)
    assert take(world.as_role("annotator"), queue)["item"]
    world.owner.send("PATCH", f"/queues/{queue['id']}", {"annotators": []})
    assert take(world.owner, queue)["item"]


def test_a_closed_queue_keeps_everything_and_gives_nothing(world: World) -> None:
    queue = make(world)
    read(world.owner, queue)
    assert world.owner.send("PATCH", f"/queues/{queue['id']}", {"closed": True}).json()["closed_at"]
    refused(world.owner.send("POST", f"/queues/{queue['id']}/take"), 409)
    assert world.owner.send("PATCH", f"/queues/{queue['id']}", {"closed": False}).json()["counts"]["readings"] == 1
    assert take(world.owner, queue)["item"]


def test_who_annotates_a_blind_queue_does_not_see_others_marks(world: World) -> None:
    annotator, path = world.as_role("annotator"), f"/runs/{world.run.pk}"
    mark(world.owner, world.run, {1: 1})
    mark(annotator, world.run, {1: -1})
    StepLabel.objects.create(run=world.run, node_index=1, source="rollout", model="embedded", rating=1)

    def seen(caller: Caller) -> list[tuple[str, str | None]]:
        everywhere = [caller.get_json(f"{path}/labels")["items"], caller.get_json(f"{path}/nodes/1")["labels"]]
        assert everywhere[0] == everywhere[1]
        return sorted((label["source"], label["by"]) for label in everywhere[0])

    all_three = [("human", "annotator-of-team"), ("human", "owner-of-team"), ("rollout", None)]
    assert seen(annotator) == all_three
    queue = make(world, blind=True)
    assert seen(annotator) == [("human", "annotator-of-team"), ("rollout", None)]
    assert seen(world.as_role("viewer")) == seen(world.as_reader()) == [("rollout", None)]
    assert seen(world.owner) == all_three
    world.owner.send("PATCH", f"/queues/{queue['id']}", {"closed": True})
    assert seen(annotator) == all_three
    make(world, blind=False)
    assert seen(annotator) == all_three


def test_gold_items_measure_annotators(world: World) -> None:
    """The owner's truth: 1 good, 2 bad; 4 bad. Path 1 3 is not judged to its end.

    The annotator: 1 good, 2 bad (2 of 2, the first error found), 4 good (0 of 1, not found).
    The editor: 1 neutral, 2 unsure (0 of 2), 4 bad (1 of 1, found).
    """
    mark(world.owner, world.run, {1: 1, 2: -1, 4: -1})
    queue = make(world, gold={"by": "owner-of-team", "count": 10})
    assert (queue["counts"]["items"], queue["counts"]["gold"]) == (1, 2)
    annotator, editor = world.as_role("annotator"), world.as_role("editor")
    mark(annotator, world.run, {1: 1, 2: -1, 3: 1, 4: 1})
    mark(editor, world.run, {1: 0, 3: 1, 4: -1})
    mark(editor, world.run, {2: None}, unsure=True)
    # Gold is for everybody, the ordinary item for one.
    assert len([leaf for leaf in (read(annotator, queue, outcome=None, seconds=s) for s in (4, 8, 30, 0)) if leaf]) == 3
    assert sorted(leaf for leaf in (read(editor, queue, outcome=None, seconds=5) for _ in range(3)) if leaf) == [2, 4]
    people = {one["annotator"]: one for one in world.owner.get_json(f"/queues/{queue['id']}")["people"]}
    assert people["annotator-of-team"]["seconds"] == 8
    assert people["annotator-of-team"]["gold"] == {
        "paths": 2, "first_errors": 1, "steps": 3, "right": 2, "accuracy": pytest.approx(2 / 3),
    }  # fmt: skip
    assert people["editor-of-team"]["gold"] == {
        "paths": 2, "first_errors": 1, "steps": 3, "right": 1, "accuracy": pytest.approx(1 / 3),
    }  # fmt: skip


def test_gold_by_exact_truth(world: World) -> None:
    """The search has seen that 1 can come right and 2 cannot; 4 was labelled afterwards."""
    NodeState.objects.filter(run=world.run, index=1).update(reachable=True)
    NodeState.objects.filter(run=world.run, index=2).update(reachable=False)
    StepLabel.objects.create(run=world.run, node_index=4, source="exact", rating=-1)
    queue = make(world, gold={"by": "exact", "count": 10})
    truths = QueueItem.objects.filter(queue=queue["id"], truth__isnull=False).values_list("leaf", "truth")
    assert dict(truths) == {2: {"1": 1, "2": -1}, 4: {"4": -1}}


def test_gold_by_hand(world: World) -> None:
    queue = make(world, ordering="convincing_wrong")
    items = world.owner.get_json(f"/queues/{queue['id']}/items")["items"]
    path = f"/queues/{queue['id']}/items/{items[0]['id']}/truth"
    assert world.owner.send("PUT", path, {"ratings": {"1": 1, "2": -1}}).json()["truth"] == {"1": 1, "2": -1}
    refused(world.owner.send("PUT", path, {"ratings": {"2": -1}}), 422)
    refused(world.owner.send("PUT", path, {"ratings": {"4": -1}}), 422)
    refused(world.as_role("annotator").send("PUT", path, {"ratings": None}), 403)
    assert world.owner.send("PUT", path, {"ratings": None}).json()["truth"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"sessions": []}, "sessions"),
        ({"ordering": "best"}, "ordering"),
        ({"labels_per_item": 0}, "labels_per_item"),
        ({"lock_minutes": 0}, "lock_minutes"),
        ({"annotators": ["stranger"]}, "annotators.0"),
        ({"gold": {"by": "stranger", "count": 1}}, "gold.by"),
        ({"gold": {"by": "owner-of-team", "count": 1}}, "gold.by"),  # has judged nothing
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_queue_that_cannot_be(world: World, change: dict[str, Any], field: str) -> None:
    body = {"title": "t", "sessions": [str(world.session.pk)]} | change
    document = refused(world.owner.send("POST", "/queues", body), 422)
    assert document["errors"][0]["field"] == field
    assert not LabelQueue.objects.exists()


def test_who_may_do_what(world: World) -> None:
    queue = make(world)
    path = f"/queues/{queue['id']}"
    item = take(world.owner, queue)["item"]
    annotator, viewer, stranger = world.as_role("annotator"), world.as_role("viewer"), world.as_user(world.stranger)
    body = {"title": "t", "sessions": [str(world.session.pk)]}
    refused(annotator.send("POST", "/queues", body), 403)
    refused(annotator.send("PATCH", path, {"closed": True}), 403)
    refused(annotator.send("GET", f"{path}/items"), 403)
    refused(viewer.send("POST", f"{path}/take"), 403)
    assert viewer.get_json(path)["title"] == "Read these"
    for method, address in (("GET", path), ("POST", f"{path}/take"), ("POST", f"{path}/items/{item}/skip")):
        refused(stranger.send(method, address), 404)
    assert stranger.get_json("/queues")["items"] == []
    refused(world.as_reader().send("GET", "/queues"), 403)
    other = make(world)
    refused(world.owner.send("POST", f"/queues/{other['id']}/items/{item}/skip"), 404)


def test_the_list_is_the_newest_first(world: World) -> None:
    names = [make(world, title=f"queue {number}")["title"] for number in range(3)]
    first = world.owner.get_json("/queues?limit=2")
    rest = world.owner.get_json(f"/queues?limit=2&cursor={first['next']}")
    assert [one["title"] for one in first["items"] + rest["items"]] == names[::-1]
