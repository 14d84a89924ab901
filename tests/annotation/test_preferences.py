"""Preferences between siblings: kept with who and when, out as pairs and in again, and how far people agree."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.annotation.models import SiblingPreference
from tests.annotation.test_export import grow, rate
from tests.annotation.test_export_formats import PROBLEM, written
from tests.annotation.test_import import imported
from tests.annotation.test_queues import make, read
from tests.annotation.test_review import mark
from tests.explorer.test_bad_input import refused
from tests.explorer.world import Caller, World

# 0 ─ 1 ─ 4 ─ 6
# │    └ 5
# ├ 2
# └ 3
TREE = [0, 0, 0, 1, 1, 4]


@pytest.fixture
def world(world: World) -> World:
    grow(world.run, TREE)
    return world


def prefer(caller: Caller, world: World, *said: tuple[int, int, str | None]) -> Any:
    given = [{"node": node, "other": other, "verdict": verdict} for node, other, verdict in said]
    return caller.send("PUT", f"/runs/{world.run.pk}/preferences", {"preferences": given})


def told(caller: Caller, world: World, query: str = "") -> list[tuple[int, int, str, str]]:
    items = caller.get_json(f"/runs/{world.run.pk}/preferences{query}")["items"]
    return [(one["first"], one["second"], one["verdict"], one["by"]) for one in items]


def test_a_preference_is_kept_with_who_and_when_and_its_history(world: World) -> None:
    owner = world.owner
    (kept,) = prefer(owner, world, (2, 1, "better")).json()["items"]
    assert (kept["first"], kept["second"], kept["verdict"], kept["by"]) == (1, 2, "second", "owner-of-team")
    assert prefer(owner, world, (1, 2, "worse")).json()["items"] == [kept]  # the same said from the other side
    assert SiblingPreference.objects.count() == 1
    prefer(owner, world, (1, 2, "tie"), (4, 5, "unsure"))
    assert told(owner, world) == [(1, 2, "tie", "owner-of-team"), (4, 5, "unsure", "owner-of-team")]
    (gone,) = prefer(owner, world, (2, 1, None)).json()["items"]
    assert (gone["first"], gone["second"], gone["verdict"]) == (1, 2, None)
    assert told(owner, world) == [(4, 5, "unsure", "owner-of-team")]
    history = SiblingPreference.objects.filter(first=1).order_by("pk").values_list("verdict", "replaced_at")
    assert [(verdict, at is None) for verdict, at in history] == [("second", False), ("tie", False)]
    path = owner.get_json(f"/runs/{world.run.pk}/paths/6")
    assert [(one["first"], one["second"], one["verdict"]) for one in path["preferences"]] == [(4, 5, "unsure")]
    assert world.as_role("annotator").get_json(f"/runs/{world.run.pk}/paths/6")["preferences"] == []


@pytest.mark.parametrize(
    ("said", "status", "field"),
    [
        ((1, 4, "better"), 422, "preferences.1.other"),  # parent and child
        ((4, 2, "better"), 422, "preferences.1.other"),  # cousins
        ((3, 3, "tie"), 422, "preferences.1.other"),
        ((0, 1, "better"), 422, "preferences.1.node"),  # the problem is no step
        ((1, 2, "best"), 422, "preferences.1.verdict"),
        ((1, 99, "better"), 404, None),
    ],
)
def test_a_preference_that_cannot_be_leaves_nothing(world: World, said: Any, status: int, field: str | None) -> None:
    document = refused(prefer(world.owner, world, (1, 2, "tie"), said), status)
    assert [error["field"] for error in document["errors"]] == ([field] if field else [])
    assert not SiblingPreference.objects.exists()


def test_who_annotates_a_blind_queue_does_not_see_others_preferences(world: World) -> None:
    annotator = world.as_role("annotator")
    prefer(world.owner, world, (1, 2, "better"))
    prefer(annotator, world, (1, 2, "worse"))
    make(world, blind=True)
    assert told(annotator, world) == [(1, 2, "second", "annotator-of-team")]
    assert told(world.as_role("viewer"), world) == []
    assert len(told(world.owner, world)) == 2
    assert told(world.owner, world, "?mine=true") == [(1, 2, "first", "owner-of-team")]


def pair(chosen: int, rejected: int, *before: int) -> dict[str, Any]:
    steps = [f"step {node}" for node in before]
    return {
        "prompt": "\n".join([PROBLEM, *steps]), "chosen": f"step {chosen}", "rejected": f"step {rejected}",
        "problem": PROBLEM, "steps": steps,
    }  # fmt: skip


def test_what_was_said_goes_out_and_counts_more_than_ratings(world: World) -> None:
    """Ratings say 1 before 3, 2 before 3, and 4 before 5; the same person says 3 before 2, and 4 as good as 5."""
    rate(world.run, world.people["owner"], {1: 1, 2: 1, 3: -1, 4: 1, 5: 0})
    prefer(world.owner, world, (3, 2, "better"), (4, 5, "tie"))
    prefer(world.as_role("annotator"), world, (5, 4, "better"))  # who has rated nothing
    assert written(world, "step_preferences") == [pair(3, 2), pair(5, 4, 1), pair(1, 3)]
    assert written(world, "step_preferences", pairs="stated") == [pair(3, 2), pair(5, 4, 1)]
    assert written(world, "step_preferences", pairs="rated", annotators=["owner-of-team"]) == [pair(1, 3)]
    job = world.owner.get_json("/exports")["items"][-1]
    assert job["counts"]["undecided"] == 1


def test_an_import_of_an_export_says_the_same(world: World) -> None:
    prefer(world.owner, world, (3, 2, "better"), (5, 4, "better"))
    lines = written(world, "step_preferences")
    first = SiblingPreference.objects.order_by("pk").last()
    assert first is not None
    job = imported(world, "".join(json.dumps(line) + "\n" for line in lines).encode(), format="")
    assert (job["format"], job["counts"]["labels"], job["counts"]["conflicts"]) == ("step_preferences", 2, 0)
    come_in = SiblingPreference.objects.filter(pk__gt=first.pk)
    assert {one.annotator for one in come_in} == {world.people["owner"]}
    assert sorted(map(str, written(world, "step_preferences", runs=job["runs"]))) == sorted(map(str, lines))


def test_how_far_people_agree_about_pairs(world: World) -> None:
    """Both on 1 2 and 4 5, alike in one: −1 −1 and −1 0. What nobody read, and what somebody is unsure of, is missing.

    κ: one says −1 twice, the other −1 and 0: p_o = 1/2 = p_e, so 0.
    α ordinal: n = 4, n(−1) = 3, n(0) = 1, one confusion both ways: 1 − 3·2 / (2·3·1) = 0.
    """
    queue = make(world, labels_per_item=2)
    annotator, editor = world.as_role("annotator"), world.as_role("editor")
    prefer(annotator, world, (1, 2, "better"), (4, 5, "better"), (2, 3, "tie"))
    prefer(editor, world, (1, 2, "better"), (4, 5, "tie"), (2, 3, "unsure"))
    prefer(world.owner, world, (1, 2, "worse"))  # has read nothing
    for caller in (annotator, editor):
        mark(caller, world.run, dict.fromkeys(range(1, 7), 1))
        while read(caller, queue, outcome=None):
            pass
    found = world.owner.get_json(f"/queues/{queue['id']}/agreement")["preferences"]
    assert found["units"] == 2
    (one,) = found["pairs"]
    assert (one["units"], one["same"], one["kappa"]) == (2, 1, pytest.approx(0))
    assert found["alpha"] == pytest.approx(0)
