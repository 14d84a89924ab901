"""Screening: gold items that come first, and who gets no further; the other gold lies scattered in the queue."""

from __future__ import annotations

from typing import Any

import pytest

from app.annotation.models import QueueItem
from app.annotation.queues.gold import arranged
from tests.annotation.test_export import grow
from tests.annotation.test_queues import make, read, submit, take
from tests.annotation.test_review import mark
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World

# Paths 1, 2, 3 and 4, one step each; the owner has judged 1 to 3.
TRUTH = {1: 1, 2: -1, 3: 1}
GOLD = {"by": "owner-of-team", "count": 3}


@pytest.fixture
def world(world: World) -> World:
    grow(world.run, [0, 0, 0, 0])
    mark(world.owner, world.run, dict(TRUTH))
    return world


def test_who_falls_short_gets_no_other_path_until_an_editor_asks_for_less(world: World) -> None:
    queue = make(world, gold=GOLD, screening=2, screening_pass=0.75)
    annotator = world.as_role("annotator")
    first = sorted(QueueItem.objects.filter(queue=queue["id"], screening=True).values_list("leaf", flat=True))
    mark(annotator, world.run, {**TRUTH, 4: 1, first[0]: -TRUTH[first[0]]})  # one of the two is wrong
    read_two = [read(annotator, queue, outcome=None) for _ in range(2)]
    assert sorted(leaf for leaf in read_two if leaf) == first
    document = refused(annotator.send("POST", f"/queues/{queue['id']}/take"), 403)
    assert "50%" in document["detail"]
    assert "75%" in document["detail"]
    mark(annotator, world.run, {first[0]: TRUTH[first[0]]})  # too late: what counts was marked when the reading ended
    refused(annotator.send("POST", f"/queues/{queue['id']}/take"), 403)
    (person,) = world.owner.get_json(f"/queues/{queue['id']}")["people"]
    assert person["screening"] == {"read": 2, "passed": False}
    world.owner.send("PATCH", f"/queues/{queue['id']}", {"screening_pass": 0.5})
    assert {read(annotator, queue, outcome=None) for _ in range(2)} == {1, 2, 3, 4} - set(first)
    (person,) = world.owner.get_json(f"/queues/{queue['id']}")["people"]
    assert person["screening"] == {"read": 2, "passed": True}


def test_nobody_gets_round_screening(world: World) -> None:
    """Not by skipping, not by reading a path again, not while somebody else holds the last of them."""
    queue = make(world, gold=GOLD, screening=1)
    annotator, editor = world.as_role("annotator"), world.as_role("editor")
    item = take(annotator, queue)["item"]
    refused(annotator.send("POST", f"/queues/{queue['id']}/items/{item}/skip"), 409)
    assert take(editor, queue)["item"] is None
    mark(annotator, world.run, dict(TRUTH))
    assert submit(annotator, queue, item).status_code == 201
    refused(submit(annotator, queue, item), 409)
    assert take(editor, queue)["item"] == item
    refused(world.owner.send("PUT", f"/queues/{queue['id']}/items/{item}/truth", {"ratings": None}), 422)


def test_readings_of_those_who_fell_short_are_no_agreement(world: World) -> None:
    queue = make(world, gold=GOLD, screening=2, screening_pass=1, labels_per_item=3)
    good, other, poor = world.as_role("annotator"), world.as_role("editor"), world.owner
    for caller, marks in ((good, {**TRUTH, 4: 1}), (other, {**TRUTH, 4: -1})):
        mark(caller, world.run, marks)
        assert len([leaf for leaf in (read(caller, queue, outcome=None) for _ in range(4)) if leaf]) == 4
    mark(poor, world.run, {1: -1, 2: 1, 3: -1})
    assert all(read(poor, queue, outcome=None) for _ in range(2))
    found = world.owner.get_json(f"/queues/{queue['id']}/agreement")
    assert [(pair["first"], pair["second"], pair["same"], pair["units"]) for pair in found["steps"]["pairs"]] == [
        ("annotator-of-team", "editor-of-team", 3, 4)
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"screening": 1}, "screening"), ({"gold": GOLD, "screening": 4}, "screening"), ({"screening": -1}, "screening"),
     ({"gold": GOLD, "screening": 1, "screening_pass": 1.5}, "screening_pass")],
)  # fmt: skip
def test_screening_that_cannot_be(world: World, change: dict[str, Any], field: str) -> None:
    body = {"title": "t", "sessions": [str(world.session.pk)]} | change
    assert refused(world.owner.send("POST", "/queues", body), 422)["errors"][0]["field"] == field


@pytest.mark.parametrize(("ordinary", "gold"), [(90, 10), (7, 3), (3, 7), (0, 4), (5, 0)])
def test_gold_lies_scattered(ordinary: int, gold: int) -> None:
    """One in every stretch of the queue, at a place that differs from stretch to stretch."""
    items = [QueueItem(leaf=leaf, truth={} if leaf < gold else None) for leaf in range(ordinary + gold)]
    order = arranged(items, items[:gold], 0, seed=5)
    assert [item.place for item in order] == list(range(ordinary + gold))
    assert [item.leaf for item in order if item.truth is None] == list(range(gold, ordinary + gold))
    places = [item.place for item in order if item.truth is not None]
    stretch = (ordinary + gold) / gold if gold else 1
    assert all(number * stretch - 1 < place < (number + 1) * stretch for number, place in enumerate(places))
    if ordinary == 90:
        assert len({place % 10 for place in places}) > 3
    assert arranged(items, items[:gold], min(2, gold), seed=5)[:2] == (items[:gold] + items[gold:])[:2]
