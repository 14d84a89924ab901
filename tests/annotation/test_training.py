"""A reward out of labels, as a job: made by a real worker, killed on the way, and had by runs of the team alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from app.annotation.automatic import work as labelling
from app.annotation.models import StepLabel, TrainingJob
from app.annotation.training import work
from app.annotation.training.services import training_folder
from app.explorer.models import Run
from app.registry.models import LanguageModel
from app.registry.services import builtin_models_ensure
from tests.annotation.test_automatic import plant
from tests.annotation.test_export import worker_environment
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World, make_world

DRAFT = "policy:embedded_draft"  # the smallest body there is


@pytest.fixture
def run(world: World) -> Run:
    builtin_models_ensure()
    return labelled(world)


def labelled(world: World) -> Run:
    """A run whose steps a person has marked: 1, 2, 3 good, 4 and 5 bad."""
    Run.objects.all().delete()
    run = plant(world)
    for node, rating in {1: 1, 2: 1, 3: 1, 4: -1, 5: -1}.items():
        StepLabel.objects.create(run=run, node_index=node, rating=rating, annotator=world.people["annotator"])
    return run


def start(world: World, **more: Any) -> str:
    body = {"title": "Labels of May", "sessions": [str(world.session.pk)], "base": DRAFT, "steps": 3, **more}
    response = world.owner.send("POST", "/trainings", body)
    assert response.status_code == 201, response.content
    pk: str = response.json()["id"]
    return pk


def test_a_reward_of_the_team_comes_of_it(world: World, run: Run) -> None:
    job = start(world)
    work.train(job)
    done = world.owner.get_json(f"/trainings/{job}")
    assert (done["state"], done["done"], done["error"]) == ("completed", 3, "")
    assert [row["step"] for row in done["curve"]] == [0, 3]
    # Three paths by hand: 1 2 3, 1 2 4, and 5.
    assert (done["counts"]["paths"], done["counts"]["labels"]) == (3, 5)
    assert (done["counts"]["problems"], done["counts"]["held_out"]) == (1, 0)  # the only one is learned from
    folder = training_folder(TrainingJob.objects.get(pk=job))
    assert sorted(path.name for path in folder.iterdir()) == ["labels.jsonl", "reward"]
    chart = world.owner.get_json(f"/trainings/{job}/chart?theme=dark")
    assert chart["figure"]["data"][0]["x"] == [3]
    listed = {model["slug"] for model in world.owner.get_json("/models")["items"] if model["kind"] == "reward"}
    assert "labels-of-may" in listed
    detail = world.owner.get_json("/models/reward/labels-of-may")
    assert (detail["trouble"], detail["domains"]) == (None, ["countdown", "arithmetic"])
    wanted = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam", "reward": "labels-of-may"}
    assert world.owner.send("POST", f"/sessions/{world.session.pk}/runs", wanted).status_code == 201


def test_a_teams_reward_is_nobody_elses(world: World, run: Run) -> None:
    LanguageModel.objects.create(
        kind="reward", slug="ours", title="Ours", engine="transformers", location="/nowhere", team=world.team
    )
    theirs = world.as_user(world.stranger)
    assert "ours" not in {model["slug"] for model in theirs.get_json("/models")["items"]}
    refused(theirs.send("GET", "/models/reward/ours"), 404)
    refused(theirs.send("POST", "/models/reward/ours/trials", {"problem": "1 2 3 -> 6"}), 404)
    session = theirs.send("POST", "/sessions", {"title": "mine"}).json()["id"]
    wanted = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam", "reward": "ours"}
    document = refused(theirs.send("POST", f"/sessions/{session}/runs", wanted), 422)
    assert document["errors"][0]["field"] == "reward"
    assert "ours" not in document["errors"][0]["mend"]


def test_who_may_start_and_see_trainings(world: World, run: Run) -> None:
    body = {"title": "x", "sessions": [str(world.session.pk)], "base": DRAFT}
    refused(world.as_role("annotator").send("POST", "/trainings", body), 403)
    job = start(world)
    assert [one["id"] for one in world.as_role("viewer").get_json("/trainings")["items"]] == [job]
    refused(world.as_role("annotator").send("POST", f"/trainings/{job}/pause"), 403)
    refused(world.as_user(world.stranger).send("GET", f"/trainings/{job}"), 404)
    refused(world.as_user(world.stranger).send("POST", "/trainings", body), 404)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "–"}, "title"),
        ({"title": "Embedded"}, "title"),
        ({"sessions": []}, "sessions"),
        ({"sources": ["rollout"]}, "sources"),
        ({"sources": ["guess"]}, "sources.0"),
        ({"base": "exact"}, "base"),
        ({"base": "policy:nobody"}, "base"),
        ({"steps": 0}, "steps"),
    ],
)
def test_a_training_that_cannot_be(world: World, run: Run, wrong: dict[str, Any], field: str) -> None:
    body = {"title": "Mine", "sessions": [str(world.session.pk)], "base": DRAFT, **wrong}
    document = refused(world.owner.send("POST", "/trainings", body), 422)
    assert document["errors"][0]["field"] == field
    assert not TrainingJob.objects.exists()


def test_a_cancelled_training_leaves_nothing_and_a_failed_one_says_why(
    world: World, run: Run, django_capture_on_commit_callbacks: Any
) -> None:
    job = start(world)
    folder = training_folder(TrainingJob.objects.get(pk=job))
    folder.mkdir(parents=True)
    (folder / "labels.jsonl").write_text(json.dumps({"prompt": "a", "completions": ["b"]}) + "\n")
    work.train(job)
    failed = world.owner.get_json(f"/trainings/{job}")
    assert failed["state"] == "failed"
    assert "labels.jsonl" in failed["error"]
    assert not LanguageModel.objects.filter(slug="labels-of-may").exists()
    with django_capture_on_commit_callbacks(execute=True):
        assert world.owner.send("POST", f"/trainings/{job}/cancel").json()["state"] == "cancelled"
    assert not folder.exists()
    refused(world.owner.send("POST", f"/trainings/{job}/resume"), 409)
    start(world)  # its name is free again


def test_a_worker_that_has_to_go_leaves_the_rest_to_another(world: World, run: Run) -> None:
    job = start(world)
    labelling.stopping.set()
    try:
        work.train(job)
    finally:
        labelling.stopping.clear()
    left = world.owner.get_json(f"/trainings/{job}")
    assert (left["state"], left["error"]) == ("queued", "")
    work.train(job)
    assert world.owner.get_json(f"/trainings/{job}")["state"] == "completed"


@pytest.mark.crash
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_a_training_leaves_no_half_reward_and_the_next_goes_on() -> None:
    """Web process → Redis → Celery worker → training process; `kill -9` of the worker while it learns."""
    world = make_world()
    builtin_models_ensure()
    labelled(world)
    job = start(world, steps=20)
    folder = training_folder(TrainingJob.objects.get(pk=job))
    worker = celery_worker()
    try:
        until(lambda: TrainingJob.objects.get(pk=job).curve)  # it has begun to learn
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert not (folder / "reward").exists()
        assert not LanguageModel.objects.filter(slug="labels-of-may").exists()
        assert world.owner.get_json(f"/trainings/{job}")["state"] == "running"
        work.train(job)  # what the next worker does once it is told
    finally:
        worker.kill()
    done = world.owner.get_json(f"/trainings/{job}")
    assert (done["state"], done["done"]) == ("completed", 20)
    steps = [row["step"] for row in done["curve"]]
    assert steps == [0, 10, 20]
    assert (folder / "reward" / "model.safetensors").is_file()
    assert sorted(path.name for path in folder.iterdir()) == ["labels.jsonl", "reward"]


def celery_worker() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "celery", "-A", "app.config.celery:celery", "worker", "--pool=threads"]
    return subprocess.Popen(
        [*command, "--concurrency=1", "--queues=batch", "--without-gossip", "--without-mingle"],
        env=worker_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def until(happened: Any, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.2)
