"""Labels: who and when are kept, nothing is overwritten, unmarked is not neutral."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from app.annotation.models import StepLabel
from tests.explorer.test_bad_input import refused
from tests.explorer.world import Caller, World, stored_counts


def mark(world: World, caller: Caller, node: int, rating: Any, **more: Any) -> Any:
    return caller.send("PUT", f"/runs/{world.run.pk}/nodes/{node}/label", {"rating": rating, **more})


def test_a_mark_is_kept_with_who_and_when(world: World) -> None:
    annotator = world.as_role("annotator")
    answer = mark(world, annotator, 1, -1, tags=["arithmetic"], comment=" 14 + 5 is 19 ").json()
    label = StepLabel.objects.get()
    assert answer == {
        "node": 1, "rating": -1, "unsure": False, "tags": ["arithmetic"], "comment": "14 + 5 is 19",
        "source": "human", "model": "", "value": None, "counts": None, "by": "annotator-of-team", "at": answer["at"],
    }  # fmt: skip
    assert (label.annotator, label.source) == (world.people["annotator"], "human")
    node = annotator.get_json(f"/runs/{world.run.pk}/nodes/1")
    assert node["label"]["rating"] == -1
    assert [found["by"] for found in node["labels"]] == ["annotator-of-team"]


def test_a_new_judgement_replaces_and_keeps_the_former(world: World) -> None:
    for rating in (1, -1, None):
        assert mark(world, world.owner, 1, rating).status_code == 200
    history = list(StepLabel.objects.order_by("pk").values_list("rating", "replaced_at"))
    assert [rating for rating, _ in history] == [1, -1, None]
    assert [replaced is None for _, replaced in history] == [False, False, True]
    assert world.owner.get_json(f"/runs/{world.run.pk}/nodes/1")["label"]["rating"] is None


def test_the_same_judgement_again_is_no_new_one(world: World) -> None:
    first = mark(world, world.owner, 1, 0).json()
    assert mark(world, world.owner, 1, 0).json() == first
    assert StepLabel.objects.count() == 1


def test_everybody_sees_their_own_mark_in_the_tree_and_all_in_the_list(world: World) -> None:
    mark(world, world.owner, 1, 1)
    mark(world, world.as_role("annotator"), 1, -1)
    mark(world, world.as_role("annotator"), 2, 0)
    path = f"/runs/{world.run.pk}"

    def own(caller: Caller) -> dict[int, Any]:
        nodes = caller.get_json(f"{path}/nodes?limit=1000")["items"]
        return {node["index"]: node["label"]["rating"] for node in nodes if node["label"]}

    assert own(world.owner) == {1: 1}
    assert own(world.as_role("annotator")) == {1: -1, 2: 0}
    assert own(world.as_role("viewer")) == own(world.as_reader()) == {}
    everything = world.as_role("viewer").get_json(f"{path}/labels")["items"]
    assert [(label["node"], label["rating"], label["by"]) for label in everything] == [
        (1, 1, "owner-of-team"), (1, -1, "annotator-of-team"), (2, 0, "annotator-of-team"),
    ]  # fmt: skip
    assert len(world.owner.get_json(f"{path}/labels?mine=true")["items"]) == 1
    assert world.as_reader().get_json(f"{path}/labels?mine=true")["items"] == []
    first = world.owner.get_json(f"{path}/labels?limit=2")
    rest = world.owner.get_json(f"{path}/labels?limit=2&after={first['next']}")
    assert [label["node"] for label in first["items"] + rest["items"]] == [1, 1, 2]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("node", "body", "status", "field"),
    [
        (1, {"rating": 2}, 422, "rating"),
        (1, {"rating": 0.5}, 422, "rating"),
        (1, {"rating": "good"}, 422, "rating"),
        (1, {}, 422, "rating"),
        (1, {"rating": 1, "tags": ["x" * 41]}, 422, "tags.0"),
        (1, {"rating": 1, "comment": "x" * 4001}, 422, "comment"),
        (1, {"rating": 1, "comment": "a\u0000"}, 422, "comment"),
        (1, {"rating": 1, "note": "hm"}, 422, "note"),
        (0, {"rating": 1}, 422, "node"),
        (999, {"rating": 1}, 404, None),
    ],
)
def test_a_mark_that_cannot_be(world: World, node: int, body: Any, status: int, field: str | None) -> None:
    before = stored_counts()
    document = refused(world.owner.send("PUT", f"/runs/{world.run.pk}/nodes/{node}/label", body), status)
    if field:
        assert field in [error["field"] for error in document["errors"]]
    assert stored_counts() == before


def test_the_database_keeps_one_current_label(world: World) -> None:
    """For sources without an annotator too."""
    fields = {"run": world.run, "node_index": 1, "source": "rollout", "model": "embedded", "rating": 1}
    StepLabel.objects.create(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        StepLabel.objects.create(**fields)
    StepLabel.objects.create(**fields | {"model": "another"})
