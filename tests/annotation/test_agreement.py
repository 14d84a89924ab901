"""Two annotators and an adjudicator: the figures by hand, the disputes side by side, a label of its own."""

from __future__ import annotations

from typing import Any

import pytest

from app.annotation.models import StepLabel
from tests.annotation.test_export import exported, grow
from tests.annotation.test_queues import make, read
from tests.annotation.test_review import mark
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World

ANN, ED = "annotator-of-team", "editor-of-team"

# Paths 1 2, 3 4, 5 6 and 7.
TREE = [0, 1, 0, 3, 0, 5, 0]
# Per step:   1   2   3   4   5   6   7
# annotator  +1  +1  +1  −1  +1   0  −1
# editor     +1  +1  +1  +1  −1       −1
MARKS = {ANN: {1: 1, 2: 1, 3: 1, 4: -1, 5: 1, 6: 0, 7: -1}, ED: {1: 1, 2: 1, 3: 1, 4: 1, 5: -1, 7: -1}}


@pytest.fixture
def queue(world: World) -> dict[str, Any]:
    """Every path was read by both."""
    grow(world.run, TREE)
    made = make(world, labels_per_item=2)
    for role, name in (("annotator", ANN), ("editor", ED)):
        caller = world.as_role(role)
        mark(caller, world.run, dict(MARKS[name]))
        assert len([read(caller, made, outcome=None) for _ in range(4)]) == 4
    return made


def test_the_figures_by_hand(world: World, queue: dict[str, Any]) -> None:
    """Steps that both marked: 1 2 3 4 5 7, four of them alike.

    κ: each says +1 four times and −1 twice of six: p_e = (4·4 + 2·2)/36 = 5/9; (2/3 − 5/9) / (4/9) = 1/4.
    α (two codes, so ordinal is nominal): n = 12, n(1) = 8, n(−1) = 4, off the diagonal 2 + 2 = 4:
    1 − 11 · 4 / (2 · 8 · 4) = 1 − 44/64 = 5/16.
    First errors: 1 2: −1 and −1; 3 4: 1 and −1; 5 6: −1 and 0; 7: 0 and 0. Two of four alike.
    κ: annotator (−1 twice, 1, 0), editor (−1 twice, 0 twice): p_e = (2·2 + 1·2)/16 = 3/8; (1/2 − 3/8) / (5/8) = 1/5.
    α nominal: o(−1,1) = o(−1,0) = 1 both ways, off the diagonal 4; n(−1) = 4, n(1) = 1, n(0) = 3, n = 8:
    1 − 7 · 4 / (64 − 16 − 1 − 9) = 1 − 28/38.
    """
    found = world.owner.get_json(f"/queues/{queue['id']}/agreement")
    assert (found["items_read_twice"], found["items_disputed"], found["items_adjudicated"]) == (4, 2, 0)
    assert found["steps"]["units"] == 6
    assert found["steps"]["alpha"] == pytest.approx(5 / 16)
    (pair,) = found["steps"]["pairs"]
    assert (pair["first"], pair["second"], pair["units"], pair["same"]) == (ANN, ED, 6, 4)
    assert pair["kappa"] == pytest.approx(1 / 4)
    assert found["first_errors"]["alpha"] == pytest.approx(1 - 28 / 38)
    (pair,) = found["first_errors"]["pairs"]
    assert (pair["units"], pair["same"]) == (4, 2)
    assert pair["kappa"] == pytest.approx(1 / 5)


def test_an_adjudicator_settles_with_a_label_of_its_own(world: World, queue: dict[str, Any]) -> None:
    path = f"/queues/{queue['id']}"
    disputes = world.owner.get_json(f"{path}/disagreements")["items"]
    assert sorted(dispute["leaf"] for dispute in disputes) == [4, 6]
    dispute = next(one for one in disputes if one["leaf"] == 4)
    assert [step["disputed"] for step in dispute["steps"]] == [False, True]
    assert dispute["steps"][1]["ratings"] == {ANN: -1, ED: 1}
    assert dispute["steps"][1]["adjudicated"] is None
    settle = f"{path}/items/{dispute['item']}/adjudication"
    assert world.owner.send("PUT", settle, {"ratings": {"4": 1}}).status_code == 204
    assert world.owner.send("PUT", settle, {"ratings": {"4": -1}, "comment": "12 − 5 is 7"}).status_code == 204
    label = StepLabel.objects.get(model="adjudicated", replaced_at=None)
    assert (label.source, label.annotator, label.node_index, label.rating) == ("human", world.people["owner"], 4, -1)
    after = world.owner.get_json(f"{path}/agreement")
    assert (after["items_disputed"], after["items_adjudicated"]) == (2, 1)
    assert after["steps"]["alpha"] == pytest.approx(5 / 16)  # nobody's marks have changed
    dispute = next(one for one in world.owner.get_json(f"{path}/disagreements")["items"] if one["leaf"] == 4)
    assert dispute["steps"][1]["adjudicated"] == -1


def test_an_adjudicator_who_annotates_keeps_both_labels(world: World, queue: dict[str, Any]) -> None:
    editor = world.as_role("editor")
    dispute = world.owner.get_json(f"/queues/{queue['id']}/disagreements?limit=1")["items"][0]
    node = next(step["node"] for step in dispute["steps"] if step["disputed"])
    settle = f"/queues/{queue['id']}/items/{dispute['item']}/adjudication"
    assert editor.send("PUT", settle, {"ratings": {str(node): 0}}).status_code == 204
    own = editor.get_json(f"/runs/{world.run.pk}/nodes/{node}")["label"]
    assert own["rating"] == MARKS[ED][node]
    assert editor.send("PUT", settle, {"ratings": {str(node): None}}).status_code == 204
    assert not StepLabel.objects.filter(model="adjudicated", replaced_at=None).exists()


def test_settled_labels_are_exported_as_a_judge_of_their_own(world: World, queue: dict[str, Any]) -> None:
    for dispute in world.owner.get_json(f"/queues/{queue['id']}/disagreements")["items"]:
        ratings = {str(step["node"]): 0 for step in dispute["steps"]}
        settle = f"/queues/{queue['id']}/items/{dispute['item']}/adjudication"
        assert world.owner.send("PUT", settle, {"ratings": ratings}).status_code == 204
    lines = exported(world, annotators=["owner-of-team"])
    assert sorted(line["completions"][-1] for line in lines) == ["step 4", "step 6"]


def test_what_cannot_be_settled(world: World, queue: dict[str, Any]) -> None:
    path = f"/queues/{queue['id']}"
    item = world.owner.get_json(f"{path}/items")["items"][0]
    settle = f"{path}/items/{item['id']}/adjudication"
    off = 7 if item["leaf"] != 7 else 1
    error = refused(world.owner.send("PUT", settle, {"ratings": {str(off): 1}}), 422)["errors"][0]
    assert error["field"] == f"ratings.{off}"
    refused(world.owner.send("PUT", settle, {"ratings": {str(item["leaf"]): 2}}), 422)
    refused(world.owner.send("PUT", settle, {"ratings": {}}), 422)
    for address in ("agreement", "disagreements"):
        refused(world.as_role("annotator").send("GET", f"{path}/{address}"), 403)
    refused(world.as_role("annotator").send("PUT", settle, {"ratings": {str(item["leaf"]): 1}}), 403)
