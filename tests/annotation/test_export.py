"""Exports: the content computed by hand, the job as a script sees it, and a real worker that writes one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from app.annotation.exporting import export_write
from app.annotation.exports import export_path
from app.annotation.models import ExportJob, StepLabel
from app.annotation.services import label_set
from app.explorer.models import Node, NodeState, Problem, Run
from app.teams.models import User
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World, make_world


def grow(run: Run, parents: list[int]) -> None:
    """Nodes 1, 2, … of the run, node i below `parents[i − 1]`, with the text `step i`."""
    Node.objects.filter(run=run).delete()
    NodeState.objects.filter(run=run).delete()
    Node.objects.bulk_create(
        Node(
            run=run, index=index, parents=[] if parent is None else [parent], depth=0, kind="step", key=str(index),
            text=f"step {index}", created_seq=index + 1,
        )
        for index, parent in enumerate([None, *parents])
    )  # fmt: skip
    run.nodes = len(parents) + 1


def rate(run: Run, user: User, ratings: dict[int, int | None]) -> None:
    for index, rating in ratings.items():
        label_set(run=run, user=user, node_index=index, rating=rating)


def exported(world: World, **filters: Any) -> list[dict[str, Any]]:
    """What a worker writes for this request; the job's state and counts are checked on the way."""
    body = {"format": "trl_stepwise", "filters": {"session": str(world.session.pk), **filters}}
    job = world.owner.send("POST", "/exports", body).json()
    assert (job["state"], job["url"]) == ("queued", None)
    refused(world.owner.send("GET", f"/exports/{job['id']}/file"), 409)
    export_write(job["id"])
    done = world.owner.get_json(f"/exports/{job['id']}")
    assert done["state"] == "completed", done
    response = world.owner.send("GET", f"/exports/{job['id']}/file")
    assert response["Content-Type"] == "application/x-ndjson"
    content = b"".join(response.streaming_content).decode()
    lines = [json.loads(line) for line in content.splitlines()]
    assert done["counts"]["paths"] == len(lines)
    assert all(line.pop("provenance").keys() == {"source", "by", "at", "run"} for line in lines)
    return lines


def line(steps: list[int], labels: list[Any]) -> dict[str, Any]:
    return {"prompt": "3 5 7 11 -> 24", "completions": [f"step {i}" for i in steps], "labels": labels}


def test_marked_paths_as_computed_by_hand(world: World) -> None:
    """
    0 ─ 1(+1) ─ 2(−1) ─ 4            → [1, 2]: true, false; step 4 is unmarked and stays out
         │       └ 5(+1)             → [1, 2, 5]
         └ 3(0) ─ 6(unmarked again) ─ 7(+1)  → [1, 3]: neutral is correct; 7 hangs below an unmarked step
    0 ─ 8 (unmarked) ─ 9(−1)         → nothing: its path begins unmarked
    """
    grow(world.run, [0, 1, 1, 2, 2, 3, 6, 0, 8])
    owner = world.people["owner"]
    rate(world.run, owner, {1: 1, 2: -1, 3: 0, 5: 1, 6: 1, 7: 1, 9: -1})
    rate(world.run, owner, {6: None})
    assert exported(world) == [line([1, 3], [True, True]), line([1, 2, 5], [True, False, True])]
    job = ExportJob.objects.get()
    assert job.counts == {
        "runs": 1, "labels": 6, "paths": 2, "steps": 5, "records": 2, "below_unmarked": 2, "unsure": 0, "pieces": 0,
        "undecided": 0, "left_out": 0, "ratings": {"-1": 1, "0": 1, "1": 2},
    }  # fmt: skip


def test_an_unsure_mark_is_no_judgement(world: World) -> None:
    grow(world.run, [0, 1, 2])
    rate(world.run, world.people["owner"], {1: 1, 3: 1})
    label_set(run=world.run, user=world.people["owner"], node_index=2, rating=-1, unsure=True)
    assert exported(world) == [line([1], [True])]
    counts = ExportJob.objects.get().counts
    assert (counts["unsure"], counts["below_unmarked"]) == (1, 1)


def test_what_neutral_becomes(world: World) -> None:
    grow(world.run, [0, 1, 2])
    rate(world.run, world.people["owner"], {1: 1, 2: 0, 3: -1})
    assert exported(world) == [line([1, 2, 3], [True, True, False])]
    assert exported(world, neutral="bad") == [line([1, 2, 3], [True, False, False])]
    assert exported(world, neutral="half") == [line([1, 2, 3], [1.0, 0.5, 0.0])]


def test_each_annotator_has_lines_of_their_own(world: World) -> None:
    grow(world.run, [0, 1])
    rate(world.run, world.people["owner"], {1: 1, 2: 1})
    rate(world.run, world.people["annotator"], {1: -1})
    assert sorted(exported(world), key=str) == sorted([line([1, 2], [True, True]), line([1], [False])], key=str)
    assert exported(world, annotators=["annotator-of-team"]) == [line([1], [False])]


def test_sources_are_mixed_only_when_asked(world: World) -> None:
    grow(world.run, [0])
    rate(world.run, world.people["owner"], {1: 1})
    StepLabel.objects.create(run=world.run, node_index=1, source="rollout", model="embedded", rating=-1)
    assert exported(world) == [line([1], [True])]
    assert exported(world, sources=["rollout"]) == [line([1], [False])]
    assert len(exported(world, sources=["human", "rollout"])) == 2


def test_runs_can_be_chosen(world: World) -> None:
    grow(world.run, [0])
    rate(world.run, world.people["owner"], {1: 1})
    assert len(exported(world, runs=[str(world.run.pk)])) == 1
    other = make_other_run(world)
    assert exported(world, runs=[str(other.pk)]) == []


def make_other_run(world: World) -> Run:
    problem = Problem.objects.create(session=world.session, text="1 2 -> 3")
    return Run.objects.create(session=world.session, problem=problem, algorithm="greedy", policy="embedded", seed=1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "parquet"}, "format"),
        ({"filters": {}}, "filters.session"),
        ({"filters": {"session": "mine"}}, "filters.session"),
        ({"sources": []}, "filters.sources"),
        ({"sources": ["guess"]}, "filters.sources.0"),
        ({"neutral": "maybe"}, "filters.neutral"),
        ({"runs": ["123e4567-e89b-12d3-a456-426614174000"]}, "filters.runs.0"),
        ({"colour": "red"}, "filters.colour"),
    ],
)
def test_an_export_that_cannot_be(world: World, change: dict[str, Any], field: str) -> None:
    body: dict[str, Any] = {"format": "trl_stepwise", "filters": {"session": str(world.session.pk)}}
    if {"format", "filters"} & set(change):
        body |= change
    else:
        body["filters"] |= change
    document = refused(world.owner.send("POST", "/exports", body), 422)
    assert document["errors"][0]["field"] == field
    assert not ExportJob.objects.exists()


def test_a_full_disk_is_said_and_leaves_no_half_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(world.run, [0])
    rate(world.run, world.people["owner"], {1: 1})
    body = {"format": "trl_stepwise", "filters": {"session": str(world.session.pk)}}
    job = world.owner.send("POST", "/exports", body).json()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    export_write(job["id"])
    failed = world.owner.get_json(f"/exports/{job['id']}")
    assert failed["state"] == "failed"
    assert "No space left on device" in failed["error"]
    assert not list(Path(settings.ESPALIER_HOME, "exports").glob(f"{job['id']}*"))


def test_a_removed_file_is_said(world: World) -> None:
    grow(world.run, [0])
    exported(world)
    job = ExportJob.objects.get()
    export_path(job).unlink()
    assert "Export again" in refused(world.owner.send("GET", f"/exports/{job.pk}/file"), 404)["detail"]


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_writes_it() -> None:
    """Web process → Redis → Celery worker → file; a job that no message arrived for is started by asking for it."""
    world = make_world()
    grow(world.run, [0, 1])
    rate(world.run, world.people["owner"], {1: 1, 2: -1})
    body = {"format": "trl_stepwise", "filters": {"session": str(world.session.pk)}}
    job = world.owner.send("POST", "/exports", body).json()
    lost = ExportJob.objects.create(
        team=world.team, session=world.session, format="trl_stepwise", created_at=timezone.now() - timedelta(minutes=1)
    )
    command = [sys.executable, "-m", "celery", "-A", "app.config.celery:celery", "worker", "--pool=threads"]
    worker = subprocess.Popen(
        [*command, "--concurrency=1", "--queues=batch", "--without-gossip", "--without-mingle"],
        env=worker_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 90
        states: list[str] = []
        while time.monotonic() < end and states != ["completed", "completed"]:
            states = [world.owner.get_json(f"/exports/{pk}")["state"] for pk in (job["id"], lost.pk)]
            time.sleep(0.5)
        assert states == ["completed", "completed"]
    finally:
        worker.terminate()
        worker.wait(30)
    response = world.owner.send("GET", f"/exports/{job['id']}/file")
    written = json.loads(b"".join(response.streaming_content))
    assert {name: written[name] for name in ("prompt", "completions", "labels")} == line([1, 2], [True, False])


def worker_environment() -> dict[str, str]:
    """Ours, with pytest's own database."""
    import os
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path=f"/{settings.DATABASES['default']['NAME']}"))
    return {**os.environ, "DATABASE_URL": database, "OMP_NUM_THREADS": "1"}
