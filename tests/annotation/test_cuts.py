"""Steps divided and joined where the model cut them badly: marks, readings and exports go by it, the nodes stay."""

from __future__ import annotations

from typing import Any

import pytest

from app.annotation.cuts.units import Cut, Part, mark_of, units_of, with_joined
from app.annotation.models import StepCut, StepLabel
from app.explorer.models import Node
from tests.annotation.test_export import grow
from tests.annotation.test_export_formats import written
from tests.annotation.test_queues import make, read
from tests.annotation.test_review import mark
from tests.annotation.test_review import submit as end
from tests.explorer.test_bad_input import refused
from tests.explorer.world import Caller, World

# 0 ─ 1 ─ 2 ─ 3 ─ 4
#          └ 5
TREE = [0, 1, 2, 3, 2]
TEXT = "x = 2. So y = 3."
DOT = len("x = 2. ")


@pytest.fixture
def world(world: World) -> World:
    grow(world.run, TREE)
    Node.objects.filter(run=world.run, index=3).update(text=TEXT)
    return world


def part(end: int, rating: int | None = None, unsure: bool = False) -> dict[str, Any]:
    return {"end": end, "rating": rating, "unsure": unsure}


def cut(caller: Caller, world: World, node: int, *parts: dict[str, Any], joined: bool = False) -> Any:
    cuts = [{"node": node, "joined": joined, "parts": list(parts)}]
    return caller.send("PUT", f"/runs/{world.run.pk}/cuts", {"cuts": cuts})


def lines(world: World, **filters: Any) -> list[tuple[list[str], list[Any], list[str] | None]]:
    found = written(world, "trl_stepwise", **filters)
    return [(line["completions"], line["labels"], line.get("original_steps")) for line in found]


def test_a_divided_step_is_exported_as_its_parts_with_the_original_beside(world: World) -> None:
    mark(world.owner, world.run, {1: 1, 2: 1, 4: 1})
    (kept,) = cut(world.owner, world, 3, part(DOT, 1), part(len(TEXT), -1)).json()["items"]
    assert (kept["label"]["node"], kept["label"]["rating"]) == (3, -1)  # bad as soon as a part is
    whole = ["step 1", "step 2", TEXT, "step 4"]
    parts = ["step 1", "step 2", "x = 2.", "So y = 3.", "step 4"]
    assert lines(world) == [(parts, [True, True, True, False, True], whole)]
    assert lines(world, cut_by="model") == [(whole, [True, True, False, True], None)]
    (line,) = written(world, "prm800k")
    assert line["question"]["pre_generated_steps"] == whole
    shown = [[(c["text"], c["rating"]) for c in step["completions"]] for step in line["label"]["steps"]]
    assert shown == [[(text, rating)] for text, rating in zip(parts, [1, 1, 1, -1, 1], strict=True)]
    assert Node.objects.get(run=world.run, index=3).text == TEXT


def test_a_part_that_is_not_marked_ends_the_path_there(world: World) -> None:
    mark(world.owner, world.run, {1: 1, 2: 1, 4: 1})
    cut(world.owner, world, 3, part(DOT, 1), part(len(TEXT)))
    assert StepLabel.objects.get(node_index=3).rating is None
    assert [(steps, labels) for steps, labels, _ in lines(world)] == [
        (["step 1", "step 2", "x = 2."], [True, True, True])
    ]
    cut(world.owner, world, 3, part(DOT, unsure=True), part(len(TEXT), 1))
    assert [(steps, labels) for steps, labels, _ in lines(world)] == [(["step 1", "step 2"], [True, True])]


def test_joined_steps_are_one_with_one_mark(world: World) -> None:
    """2 goes on with 1 and 3 with both; the mark of 3 is that of the step. Towards 5, 1 and 2 are one."""
    mark(world.owner, world.run, {3: -1, 5: 1})
    cut(world.owner, world, 2, joined=True)
    cut(world.owner, world, 3, joined=True)
    one = f"step 1\nstep 2\n{TEXT}"
    assert [(steps, labels) for steps, labels, _ in lines(world)] == [([one], [False])]
    mark(world.owner, world.run, {2: 1})
    assert [(steps, labels) for steps, labels, _ in lines(world)] == [
        ([one], [False]), (["step 1\nstep 2", "step 5"], [True, True]),
    ]  # fmt: skip
    # As two again, 1 is unmarked: nothing reaches the others.
    cut(world.owner, world, 2)
    assert StepCut.objects.filter(node_index=2, replaced_at__isnull=True).count() == 0
    assert lines(world) == []


def test_a_boundary_is_moved_by_both(world: World) -> None:
    """The first half of 3 belongs to 2."""
    mark(world.owner, world.run, {1: 1})
    cut(world.owner, world, 3, part(DOT, 1), part(len(TEXT), -1), joined=True)
    assert lines(world) == [
        (["step 1", "step 2\nx = 2.", "So y = 3."], [True, True, False], ["step 1", "step 2", TEXT])
    ]
    line = written(world, "prm800k")[0]
    steps = [[(c["text"], c["rating"]) for c in step["completions"]] for step in line["label"]["steps"]]
    assert steps == [[("step 1", 1)], [("step 2\nx = 2.", 1)], [("So y = 3.", -1)]]


def test_a_reading_and_its_first_error_go_by_the_cut(world: World) -> None:
    """Joined, 2 needs no mark; the step that ends with 3 is the first error for one, and 3 alone for the other."""
    queue = make(world, labels_per_item=2)
    annotator, editor = world.as_role("annotator"), world.as_role("editor")
    mark(annotator, world.run, {1: 1, 3: -1, 5: 1})
    refused(end(annotator, world.run, 4), 422)
    cut(annotator, world, 3, joined=True)
    cut(annotator, world, 5, joined=True)
    mark(editor, world.run, {1: 1, 2: 1, 3: -1, 5: 1})
    for caller in (annotator, editor):
        assert {read(caller, queue, outcome=None) for _ in range(2)} == {4, 5}
    found = world.owner.get_json(f"/queues/{queue['id']}/agreement")
    (pair,) = found["first_errors"]["pairs"]
    assert (pair["units"], pair["same"]) == (2, 2)
    path = annotator.get_json(f"/runs/{world.run.pk}/paths/4")
    assert path["cuts"] == [{"node": node, "joined": True, "parts": []} for node in (3, 5)]
    assert editor.get_json(f"/runs/{world.run.pk}/paths/4")["cuts"] == []
    assert annotator.get_json(f"/runs/{world.run.pk}/cuts")["items"][1]["node"] == 5


@pytest.mark.parametrize(
    ("node", "parts", "joined", "status", "field"),
    [
        (3, [part(5)], False, 422, "cuts.0.parts"),
        (3, [part(5), part(5)], False, 422, "cuts.0.parts.1.end"),
        (3, [part(5), part(7)], False, 422, "cuts.0.parts.1.end"),  # not to the end
        (3, [part(5), part(99)], False, 422, "cuts.0.parts.1.end"),
        (3, [part(5, 2), part(len(TEXT))], False, 422, "cuts.0.parts.0.rating"),
        (1, [], True, 422, "cuts.0.joined"),  # nothing comes before
        (0, [], False, 422, "cuts.0.node"),
        (99, [], True, 404, None),
    ],
)
def test_a_cut_that_cannot_be(
    world: World, node: int, parts: list[Any], joined: bool, status: int, field: str | None
) -> None:
    document = refused(cut(world.owner, world, node, *parts, joined=joined), status)
    assert [error["field"] for error in document["errors"]] == ([field] if field else [])
    assert not StepCut.objects.exists()


def test_former_cuts_are_kept(world: World) -> None:
    for joined in (True, True, False):
        cut(world.owner, world, 2, joined=joined)
    (former,) = StepCut.objects.all()
    assert former.joined
    assert former.replaced_at is not None


def test_what_parts_come_to() -> None:
    def parts(*marks: int | str | None) -> list[Part]:
        return [Part(at, None if mark == "?" else mark, mark == "?") for at, mark in enumerate(marks, 1)]  # type: ignore[arg-type]

    assert mark_of(parts(1, 0)) == (1, False)
    assert mark_of(parts(0, 0)) == (0, False)
    assert mark_of(parts(None, -1)) == (-1, False)
    assert mark_of(parts(1, None)) == (None, False)
    assert mark_of(parts(1, "?")) == (None, True)


def test_units_in_characters_not_bytes() -> None:
    text = {1: "α≤β, thus 🙂 done"}.__getitem__
    cuts = {1: Cut(False, (Part(4, 1), Part(16, 0)))}
    assert units_of([1], text, {}, cuts) == [("α≤β,", 1), ("thus 🙂 done", 0)]
    ratings: dict[int, int | None] = {3: -1}
    with_joined(ratings, [1, 2, 3], {2: Cut(True), 3: Cut(True)})
    assert ratings == {1: 1, 2: 1, 3: -1}
