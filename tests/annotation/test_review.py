"""Reading one path at a time: what is shown, many marks at once, how a reading ends, where it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from app.annotation.models import PathReview, StepLabel
from app.annotation.review.paths import first_error
from app.explorer.models import Node, Run
from tests.annotation.test_export import grow
from tests.explorer.test_bad_input import refused
from tests.explorer.world import Caller, World, stored_counts

# 0 ─ 1 ─ 2 ─ 3
#      │   └ 4
#      └ 5
TREE = [0, 1, 2, 2, 1]


@pytest.fixture
def run(world: World) -> Run:
    grow(world.run, TREE)
    return world.run


def mark(caller: Caller, run: Run, ratings: dict[int, int | None], **more: Any) -> Any:
    labels = [{"node": node, "rating": rating, **more} for node, rating in ratings.items()]
    return caller.send("PUT", f"/runs/{run.pk}/labels", {"labels": labels})


def submit(caller: Caller, run: Run, leaf: int, **body: Any) -> Any:
    return caller.send("POST", f"/runs/{run.pk}/paths/{leaf}/review", body)


def test_a_path_shows_its_steps_the_other_ways_and_only_ones_own_marks(world: World, run: Run) -> None:
    annotator = world.as_role("annotator")
    assert mark(annotator, run, {1: 1, 4: -1}).status_code == 200
    assert mark(world.owner, run, {1: -1, 2: 0}).status_code == 200
    path = annotator.get_json(f"/runs/{run.pk}/paths/3")
    assert [step["node"] for step in path["steps"]] == [1, 2, 3]
    assert [step["text"] for step in path["steps"]] == ["step 1", "step 2", "step 3"]
    assert [step["label"] and step["label"]["rating"] for step in path["steps"]] == [1, None, None]
    assert [[other["node"] for other in step["siblings"]] for step in path["steps"]] == [[], [5], [4]]
    assert path["steps"][2]["siblings"][0]["label"]["rating"] == -1
    assert all(step["rewards"] is None for step in path["steps"])
    assert path["review"] is None
    assert path["tags"][:4] == ["verification", "backtracking", "sub-goal", "backward chaining"]


def test_a_shared_prefix_is_labelled_once(world: World, run: Run) -> None:
    """Two paths run through the steps 1 and 2: who has read one finds its marks on the other."""
    mark(world.owner, run, {1: 1, 2: 1, 3: -1})
    path = world.owner.get_json(f"/runs/{run.pk}/paths/4")
    assert [step["label"] and step["label"]["rating"] for step in path["steps"]] == [1, 1, None]


def test_many_marks_are_kept_together_or_not_at_all(world: World, run: Run) -> None:
    kept = mark(world.owner, run, {1: 1, 2: -1, 3: None}, tags=["sub-goal"]).json()["items"]
    assert [(label["node"], label["rating"], label["tags"]) for label in kept] == [
        (1, 1, ["sub-goal"]), (2, -1, ["sub-goal"]), (3, None, ["sub-goal"]),
    ]  # fmt: skip
    before = stored_counts()
    assert refused(mark(world.owner, run, {1: -1, 0: 1}), 422)["errors"][0]["field"] == "labels.1.node"
    refused(mark(world.owner, run, {1: -1, 99: 1}), 404)
    assert refused(mark(world.owner, run, {1: 7}), 422)["errors"][0]["field"] == "labels.0.rating"
    assert stored_counts() == before
    assert StepLabel.objects.get(node_index=1, replaced_at=None).rating == 1


@pytest.mark.parametrize(
    ("ratings", "place"),
    [
        ({1: 1, 2: 0, 3: 1}, -1),
        ({1: 1, 2: -1}, 1),
        ({1: -1, 2: 1, 3: -1}, 0),
        ({1: 1, 3: -1}, None),  # nobody said anything about step 2
        ({}, None),
    ],
)
def test_where_the_first_error_is(ratings: dict[int, int | None], place: int | None) -> None:
    assert first_error(ratings, [1, 2, 3]) == place


def test_the_marks_say_how_a_reading_ended(world: World, run: Run) -> None:
    mark(world.owner, run, {1: 1, 2: 0, 3: 1, 4: -1})
    answer = submit(world.owner, run, 3, seconds=12.5, step_seconds={1: 4, 2: 3.25, 3: 5.25, 4: 9})
    assert answer.status_code == 201
    review = answer.json()["review"]
    assert (review["outcome"], review["seconds"], review["by"]) == ("solution", 12.5, "owner-of-team")
    assert review["step_seconds"] == {"1": 4.0, "2": 3.25, "3": 5.25}  # node 4 is not on this path
    assert answer.json()["next"] == 4
    assert submit(world.owner, run, 4).json()["review"]["outcome"] == "found_error"


def test_an_unmarked_step_before_the_first_error_is_pointed_out(world: World, run: Run) -> None:
    mark(world.owner, run, {1: 1, 3: -1})
    error = refused(submit(world.owner, run, 3), 422)["errors"][0]
    assert (error["field"], error["message"]) == ("labels.1", "step 2 is not marked")
    assert not PathReview.objects.exists()
    mark(world.owner, run, {2: None}, unsure=True)
    assert submit(world.owner, run, 3).json()["review"]["outcome"] == "found_error"


def test_a_bad_problem_and_giving_up_need_no_marks(world: World, run: Run) -> None:
    for leaf, outcome in ((3, "bad_problem"), (4, "give_up")):
        assert (
            submit(world.owner, run, leaf, outcome=outcome, comment=" no idea ").json()["review"]["comment"]
            == "no idea"
        )
    assert list(PathReview.objects.order_by("leaf").values_list("outcome", flat=True)) == ["bad_problem", "give_up"]


def test_a_new_reading_replaces_and_keeps_the_former(world: World, run: Run) -> None:
    submit(world.owner, run, 3, outcome="give_up")
    submit(world.owner, run, 3, outcome="bad_problem")
    history = list(PathReview.objects.order_by("pk").values_list("outcome", "replaced_at"))
    assert [(outcome, replaced is None) for outcome, replaced in history] == [("give_up", False), ("bad_problem", True)]
    assert world.owner.get_json(f"/runs/{run.pk}/paths/3")["review"]["outcome"] == "bad_problem"


def test_reading_goes_on_with_the_next_unread_path(world: World, run: Run) -> None:
    """The paths end at 3, 4 and 5."""
    path = f"/runs/{run.pk}/paths/next"
    assert world.owner.get_json(path) == {"leaf": 3}
    assert world.owner.get_json(f"{path}?after=3") == {"leaf": 4}
    assert submit(world.owner, run, 5, outcome="give_up").json()["next"] == 3
    assert submit(world.owner, run, 3, outcome="give_up").json()["next"] == 4
    assert submit(world.owner, run, 4, outcome="give_up").json()["next"] is None
    assert world.as_role("annotator").get_json(path) == {"leaf": 3}


def test_finished_solutions_are_read_first(world: World, run: Run) -> None:
    Node.objects.filter(run=run, index=5).update(finish="end")
    path = f"/runs/{run.pk}/paths/next"
    assert world.owner.get_json(path) == {"leaf": 5}
    assert world.owner.get_json(f"{path}?after=5") == {"leaf": 3}
    assert world.owner.get_json(f"{path}?after=4") == {"leaf": 5}


def test_a_path_of_a_thousand_steps(world: World, run: Run) -> None:
    grow(run, list(range(1000)))
    path = world.owner.get_json(f"/runs/{run.pk}/paths/1000")
    assert [step["node"] for step in path["steps"]] == list(range(1, 1001))


@pytest.mark.parametrize(
    ("leaf", "body", "status", "field"),
    [
        (0, {"outcome": "give_up"}, 422, "leaf"),
        (99, {"outcome": "give_up"}, 404, None),
        (3, {"outcome": "solution"}, 422, "outcome"),
        (3, {"outcome": "give_up", "seconds": -1}, 422, "seconds"),
        (3, {"outcome": "give_up", "step_seconds": {"one": 1}}, 422, "step_seconds.one.[key]"),
        (3, {"outcome": "give_up", "mood": "good"}, 422, "mood"),
    ],
)
def test_a_reading_that_cannot_be(world: World, run: Run, leaf: int, body: Any, status: int, field: str | None) -> None:
    document = refused(submit(world.owner, run, leaf, **body), status)
    if field:
        assert [error["field"] for error in document["errors"]] == [field]
    assert not PathReview.objects.exists()


def test_who_may_not_label(world: World, run: Run) -> None:
    for caller, status in (
        (world.as_role("viewer"), 403),
        (world.as_reader(), 403),
        (world.as_user(world.stranger), 404),
    ):
        refused(submit(caller, run, 3, outcome="give_up"), status)
        refused(mark(caller, run, {1: 1}), status)
        refused(caller.send("GET", f"/runs/{run.pk}/paths/3"), status)


def test_odd_characters_of_a_model_come_back(world: World, run: Run) -> None:
    Node.objects.filter(run=run, index=3).update(text="\uf8ff0000x")
    assert world.owner.get_json(f"/runs/{run.pk}/paths/3")["steps"][2]["text"] == "\0x"
