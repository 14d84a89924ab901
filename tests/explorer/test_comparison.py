"""Runs beside each other: who may be compared, where they part, and their curves."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from app.explorer.models import Run, Session
from tests.explorer.world import World, make_world, store_journal


def compared(world: World, *runs: Run) -> Any:
    names = "&".join(f"runs={run.pk}" for run in runs)
    return world.owner.send("GET", f"/sessions/{world.session.pk}/comparison?{names}")


@pytest.fixture
def world(db: None) -> World:
    return make_world("greedy")


def test_runs_of_different_strategies_part_and_share_a_chart(world: World) -> None:
    other = store_journal(world.session, "beam_steered")
    Run.objects.filter(pk=other.pk).update(problem=world.run.problem)
    found = compared(world, world.run, other).json()
    assert [run["id"] for run in found["runs"]] == [str(world.run.pk), str(other.pk)]
    (parted,) = found["partings"]
    assert parted["left"]["seq"] > 0
    lines = found["charts"][0]["figure"]["data"]
    assert len(lines) == 2
    assert lines[0]["line"]["color"] != lines[1]["line"]["color"]
    assert lines[0]["line"]["dash"] != lines[1]["line"]["dash"]


def test_runs_with_a_calibrated_reward_share_a_chart_of_their_probability(world: World) -> None:
    known = {
        "method": "isotonic", "source": "r", "weights_sha256": None, "outcome": "answer", "knots": [[0, 0.1, 0, 0.2]],
        "counts": {"labelled": 40, "mean_score": 0.5, "mean_outcome": 0.5},
    }  # fmt: skip
    other = store_journal(world.session, "beam_steered")
    assert world.run.header is not None
    header = world.run.header | {"reward": world.run.header["reward"] | {"calibration": known}}
    Run.objects.filter(pk__in=[other.pk, world.run.pk]).update(problem=world.run.problem, header=header)
    charts = {chart["name"]: chart["figure"] for chart in compared(world, world.run, other).json()["charts"]}
    assert list(charts) == ["run_best_reward", "run_success", "run_accuracy", "run_answers"]
    assert {y for line in charts["run_success"]["data"] for y in line["y"]} == {0.1}
    own = world.owner.get_json(f"/runs/{other.pk}/charts")["charts"]
    page = Client()
    page.force_login(world.people["owner"])
    shown = page.get(f"/sessions/{world.session.pk}/compare?run={world.run.pk}&run={other.pk}")
    assert shown.context["props"]["calibrations"] == [[[0.0, 0.1, 0.0, 0.2]]] * 2
    assert [chart["name"] for chart in own][:2] == ["best_reward", "success"]


def test_the_same_journal_twice_does_not_part(world: World) -> None:
    again = store_journal(world.session, "greedy")
    Run.objects.filter(pk=again.pk).update(problem=world.run.problem)
    assert compared(world, world.run, again).json()["partings"] == [None]


def test_what_cannot_be_compared_is_refused(world: World) -> None:
    alone = compared(world, world.run, world.run)
    assert alone.status_code == 422
    assert "1 runs" in alone.json()["detail"]
    other = store_journal(world.session, "particles")
    if other.problem.text == world.run.problem.text:
        other.problem.text = "something else"
        other.problem.save()
    assert "different problems" in compared(world, world.run, other).json()["detail"]
    elsewhere = Session.objects.create(team=world.team, title="Another", created_by=world.people["owner"])
    foreign = store_journal(elsewhere, "greedy")
    assert "not in this session" in compared(world, world.run, foreign).json()["detail"]


def test_the_page_says_what_is_wrong_with_its_address(world: World) -> None:
    client = Client()
    client.force_login(world.people["owner"])
    for query in ("", f"?run={world.run.pk}", "?run=x&run=y"):
        answer = client.get(f"/sessions/{world.session.pk}/compare{query}")
        assert answer.status_code == 200
    client.force_login(world.stranger)
    assert client.get(f"/sessions/{world.session.pk}/compare").status_code == 404
