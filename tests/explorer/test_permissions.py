"""Who may call what: every address of the API, for every kind of caller. An address that is not in the table fails."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from app.annotation.automatic.services import automatic_create, automatic_hold
from app.annotation.exporting import export_write
from app.annotation.exports import export_create
from app.annotation.imports import import_create
from app.annotation.models import ExportJob, ImportJob, LabelQueue, StepLabel, TrainingJob
from app.annotation.queues.services import queue_create
from app.config.api import api
from app.experiments.models import Experiment
from app.explorer.models import Session
from app.registry.models import ModelCheck, ModelTrial
from app.registry.services import builtin_models_ensure
from app.teams.models import Role
from app.teams.permissions import ACTIONS, Action
from app.teams.share_links import share_link_create
from tests.explorer.world import ROLES, Caller, World, store_journal

Body = Callable[[World], Any]


@dataclass(frozen=True)
class Rule:
    """What an address takes. `action` None: every signed-in caller; `state`: the run's when it is called.

    `own`: the address is about an object of the session, so a stranger gets 404.
    """

    status: int
    action: Action | None = "view"
    body: Body | None = None
    state: str = "completed"
    node: dict[str, Any] | None = None
    own: bool = True
    for_readers: bool = True
    query: Callable[[World], str] | None = None


EXPANDABLE = {"status__in": ["open", "expanded"]}


def two_runs(world: World) -> str:
    """A query that names the session's run and another on its problem."""
    return f"?runs={world.run.pk}&runs={store_journal(world.session, 'beam_steered').pk}"


RUN = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "greedy"}
EXPERIMENT = {
    "title": "Greedy",
    "sets": [{"name": "countdown", "domain": "countdown", "problems": 1}],
    "strategies": [{"name": "greedy", "algorithm": "greedy"}],
    "budgets": [{"tokens": 100}],
}
MODEL = {"settings": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}}

TABLE: dict[str, Rule] = {
    "GET /algorithms": Rule(200, None, own=False),
    "GET /models": Rule(200, None, own=False),
    "GET /models/{kind}/{slug}": Rule(200, None, own=False),
    "POST /models/{kind}/{slug}/trials": Rule(
        201, None, lambda world: {"problem": "1 2 3 -> 6"}, own=False, for_readers=False
    ),
    "GET /models/{kind}/{slug}/uses": Rule(200, None, own=False),
    "GET /trials/{trial_id}": Rule(200, for_readers=False),
    "POST /trials/{trial_id}/cancel": Rule(200, for_readers=False),
    # For admins only, whatever their role: tests/registry/test_adding.py has them as an admin.
    "POST /models": Rule(403, None, lambda world: MODEL | {"kind": "policy", "slug": "mine"}, own=False),
    "PUT /models/{kind}/{slug}": Rule(403, None, lambda world: MODEL, own=False),
    "DELETE /models/{kind}/{slug}": Rule(403, None, own=False),
    "POST /models/{kind}/{slug}/restore": Rule(403, None, own=False),
    "GET /archived-models": Rule(403, None, own=False),
    "GET /model-checks/{check_id}": Rule(200, for_readers=False),
    "POST /model-checks/{check_id}/cancel": Rule(200, for_readers=False),
    "GET /sessions": Rule(200, None, own=False),
    "GET /sessions/tags": Rule(200, None, own=False),
    "POST /sessions": Rule(201, None, lambda world: {"title": "Mine"}, own=False, for_readers=False),
    "GET /sessions/{session_id}": Rule(200),
    "PATCH /sessions/{session_id}": Rule(200, "edit", lambda world: {"title": "Other"}),
    "DELETE /sessions/{session_id}": Rule(204, "edit"),
    "POST /sessions/{session_id}/duplicate": Rule(201, "steer"),
    "GET /sessions/{session_id}/runs": Rule(200),
    "GET /sessions/{session_id}/comparison": Rule(200, query=two_runs),
    "POST /sessions/{session_id}/runs": Rule(201, "steer", lambda world: RUN),
    "GET /sessions/{session_id}/share-links": Rule(200, "share"),
    "POST /sessions/{session_id}/share-links": Rule(201, "share", lambda world: {}),
    "DELETE /sessions/{session_id}/share-links/{link_id}": Rule(204, "share"),
    "GET /runs/{run_id}": Rule(200),
    "GET /runs/{run_id}/events": Rule(200),
    "GET /runs/{run_id}/skeleton": Rule(200),
    "GET /runs/{run_id}/journal": Rule(200),
    "GET /runs/{run_id}/recipe": Rule(200),
    "GET /runs/{run_id}/charts": Rule(200),
    "GET /runs/{run_id}/selections": Rule(200),
    "GET /runs/{run_id}/commands": Rule(200),
    "GET /runs/{run_id}/labels": Rule(200),
    "GET /runs/{run_id}/nodes": Rule(200),
    "GET /runs/{run_id}/nodes/{index}": Rule(200, node={}),
    "GET /runs/{run_id}/nodes/{index}/rollouts": Rule(200, node={}),
    "POST /runs/{run_id}/nodes/{index}/rollouts": Rule(201, "steer", lambda world: {"k": 4}, node=EXPANDABLE),
    # Written through the worker's own connections, which do not see what a test has not committed: 409 is "may".
    "POST /sessions/{session_id}/recordings": Rule(409, "steer", lambda world: {"problem": {"text": "1 + 1"}}),
    "POST /runs/{run_id}/operations": Rule(
        409, "steer", lambda world: {"lease": "123e4567-e89b-12d3-a456-426614174000", "after": 1, "operations": []}
    ),
    "POST /runs/{run_id}/pause": Rule(202, "steer", state="running"),
    "POST /runs/{run_id}/resume": Rule(202, "steer", state="paused"),
    "POST /runs/{run_id}/cancel": Rule(202, "steer", state="queued"),
    "POST /runs/{run_id}/fork": Rule(201, "steer", lambda world: {"at": 20}),
    "POST /runs/{run_id}/budget": Rule(202, "steer", lambda world: {"budget": {"tokens": None}}, state="paused"),
    "POST /runs/{run_id}/nodes/{index}/expand": Rule(202, "steer", lambda world: {"n": 2}, "paused", EXPANDABLE),
    "POST /runs/{run_id}/nodes/{index}/prune": Rule(202, "steer", None, "paused", EXPANDABLE),
    "POST /runs/{run_id}/nodes/{index}/restore": Rule(202, "steer", None, "paused", {"status": "pruned"}),
    "POST /runs/{run_id}/nodes/{index}/edit": Rule(
        202, "steer", lambda world: {"text": "11 - 5 = 6 (left: 3 6 7)"}, "paused", {}
    ),
    "POST /runs/{run_id}/nodes/{index}/hint": Rule(
        202, "steer", lambda world: {"text": "make 6 first"}, "paused", EXPANDABLE
    ),
    "PUT /runs/{run_id}/nodes/{index}/label": Rule(200, "label", lambda world: {"rating": 1}, node={}),
    "GET /experiments": Rule(200, None, own=False),
    "POST /experiments": Rule(201, None, lambda world: EXPERIMENT, own=False, for_readers=False),
    "GET /experiments/{experiment_id}": Rule(200),
    "GET /experiments/{experiment_id}/results": Rule(200),
    "GET /experiments/{experiment_id}/runs": Rule(200),
    "GET /experiments/{experiment_id}/report": Rule(409),
    "POST /experiments/{experiment_id}/cancel": Rule(202, "steer"),
    "POST /experiments/{experiment_id}/resume": Rule(409, "steer"),
    "GET /exports": Rule(200, None, own=False),
    "POST /exports": Rule(
        201,
        "export",
        lambda world: {"format": "trl_stepwise", "filters": {"session": str(world.session.pk)}},
    ),
    "POST /imports": Rule(201, "steer", lambda world: {"session": str(world.session.pk), "file": a_file()}),
    "POST /exports/{export_id}/cancel": Rule(200, "export", for_readers=False),
    "GET /imports": Rule(200, None, own=False),
    "GET /imports/{import_id}": Rule(200, for_readers=False),
    "POST /imports/{import_id}/cancel": Rule(200, "steer", for_readers=False),
    "GET /formats": Rule(200, None, own=False),
    "GET /exports/{export_id}": Rule(200, for_readers=False),
    "GET /exports/{export_id}/file": Rule(200, for_readers=False),
    "PUT /runs/{run_id}/labels": Rule(200, "label", lambda world: {"labels": [{"node": 1, "rating": 1}]}),
    "GET /runs/{run_id}/preferences": Rule(200),
    "PUT /runs/{run_id}/preferences": Rule(
        200, "label", lambda world: {"preferences": [{"node": 1, "other": 2, "verdict": "better"}]}
    ),
    "GET /runs/{run_id}/cuts": Rule(200, "label"),
    "PUT /runs/{run_id}/cuts": Rule(200, "label", lambda world: {"cuts": [{"node": 1}]}),
    "GET /runs/{run_id}/paths/next": Rule(200, "label"),
    "GET /runs/{run_id}/paths/{leaf}": Rule(200, "label"),
    "POST /runs/{run_id}/paths/{leaf}/review": Rule(201, "label", lambda world: {"outcome": "give_up"}),
    "GET /sessions/{session_id}/automatic-labels": Rule(200),
    "POST /sessions/{session_id}/automatic-labels": Rule(201, "steer", lambda world: {"method": "exact"}),
    "GET /automatic-labels/{job_id}": Rule(200),
    "POST /automatic-labels/{job_id}/pause": Rule(200, "steer"),
    "POST /automatic-labels/{job_id}/resume": Rule(200, "steer"),
    "POST /automatic-labels/{job_id}/cancel": Rule(200, "steer"),
    "GET /trainings": Rule(200, None, own=False),
    "POST /trainings": Rule(201, "steer", lambda world: labelled_session(world)),
    "GET /trainings/{job_id}": Rule(200, for_readers=False),
    "GET /trainings/{job_id}/chart": Rule(200, for_readers=False),
    "POST /trainings/{job_id}/pause": Rule(200, "steer", for_readers=False),
    "POST /trainings/{job_id}/resume": Rule(200, "steer", for_readers=False),
    "POST /trainings/{job_id}/cancel": Rule(200, "steer", for_readers=False),
    "GET /queues": Rule(200, None, own=False, for_readers=False),
    "POST /queues": Rule(201, "edit", lambda world: {"title": "Mine", "sessions": [str(world.session.pk)]}),
    "GET /queues/{queue_id}": Rule(200, for_readers=False),
    "PATCH /queues/{queue_id}": Rule(200, "edit", lambda world: {"closed": True}, for_readers=False),
    "GET /queues/{queue_id}/items": Rule(200, "edit", for_readers=False),
    "POST /queues/{queue_id}/take": Rule(200, "label", for_readers=False),
    "POST /queues/{queue_id}/items/{item_id}/submit": Rule(
        201, "label", lambda world: {"outcome": "give_up"}, for_readers=False
    ),
    "POST /queues/{queue_id}/items/{item_id}/skip": Rule(204, "label", for_readers=False),
    "POST /queues/{queue_id}/items/{item_id}/hold": Rule(200, "label", for_readers=False),
    "PUT /queues/{queue_id}/items/{item_id}/truth": Rule(
        200, "edit", lambda world: {"ratings": None}, for_readers=False
    ),
    "GET /queues/{queue_id}/agreement": Rule(200, "edit", for_readers=False),
    "GET /queues/{queue_id}/disagreements": Rule(200, "edit", for_readers=False),
    "PUT /queues/{queue_id}/items/{item_id}/adjudication": Rule(
        204, "edit", lambda world: {"ratings": {str(a_queue(world).items.get(place=0).leaf): 1}}, for_readers=False
    ),
}


def a_queue(world: World) -> LabelQueue:
    """A queue of the session's paths: the first time it is asked for, it is made."""
    found = LabelQueue.objects.first()
    owner = world.people[Role.OWNER]
    return found or queue_create(sessions=[world.session], user=owner, title="To be labelled")


def a_file() -> io.BytesIO:
    """Something to import."""
    return io.BytesIO(b'{"prompt": "1 + 1", "completions": ["1 + 1 = 2"], "labels": [true]}')


OPEN = {"GET /health"}


def addresses() -> set[str]:
    """Every address and method that the API has."""
    prefix = "/api/v1"
    return {
        f"{method.upper()} {path.removeprefix(prefix)}"
        for path, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    }


def test_every_address_has_a_rule() -> None:
    """Whoever adds an address says here who may call it."""
    assert addresses() == set(TABLE) | OPEN


def call(world: World, caller: Caller, name: str) -> int:
    """Call the address `name` about the world's session, prepared so that only permission can refuse it."""
    rule = TABLE[name]
    method, path = name.split(" ")
    world.put_into(rule.state, stopped_by=None)
    if "{export_id}" in path:
        path = path.replace("{export_id}", str(completed_export(world).pk))
    path = path.replace("{kind}", "policy").replace("{slug}", "embedded")
    if "{trial_id}" in path:
        trial = ModelTrial.objects.create(team=world.team, kind="policy", slug="embedded", problem="1 2 3 -> 6")
        path = path.replace("{trial_id}", str(trial.pk))
    if "{check_id}" in path:
        check = ModelCheck.objects.create(team=world.team, kind="policy", slug="mine", configuration={})
        path = path.replace("{check_id}", str(check.pk))
    if "{experiment_id}" in path:
        path = path.replace("{experiment_id}", str(experiment_of(world).pk))
    if "{import_id}" in path:
        path = path.replace("{import_id}", str(waiting_import(world).pk))
    if "{link_id}" in path:
        link, _ = share_link_create(session=world.session, created_by=world.people[Role.OWNER])
        path = path.replace("{link_id}", str(link.pk))
    if path.startswith("/trainings/"):
        path = path.replace("{job_id}", str(a_training(world, paused=path.endswith("resume")).pk))
    if "{job_id}" in path:
        job = automatic_create(session=world.session, user=world.people[Role.OWNER], method="exact")
        if path.endswith("resume"):
            automatic_hold(job=job, wish="pause")
        path = path.replace("{job_id}", str(job.pk))
    if "{leaf}" in path or "{queue_id}" in path:
        item = a_queue(world).items.get(place=0)
        path = path.replace("{queue_id}", str(item.queue_id)).replace("{item_id}", str(item.pk))
        path = path.replace("{leaf}", str(item.leaf))
    path = path.replace("{session_id}", str(world.session.pk)).replace("{run_id}", str(world.run.pk))
    path = path.replace("{index}", str(world.node(**rule.node) if rule.node is not None else 0))
    path += rule.query(world) if rule.query else ""
    body = rule.body(world) if rule.body else None
    if body and "file" in body:
        return int(caller.post(f"/api/v1{path}", body).status_code)
    return int(caller.send(method, path, body).status_code)


def experiment_of(world: World) -> Experiment:
    """One whose runs are those of the world's session."""
    plan = {"sets": [], "strategies": []}
    return Experiment.objects.create(session=world.session, plan=plan, problems={}, total=1)


def labelled_session(world: World) -> dict[str, Any]:
    """What a training takes: a session with a label."""
    builtin_models_ensure()
    StepLabel.objects.create(run=world.run, node_index=1, rating=1, source="exact", model="countdown")
    return {"title": "Mine", "sessions": [str(world.session.pk)], "sources": ["exact"]}


def a_training(world: World, *, paused: bool) -> TrainingJob:
    return TrainingJob.objects.create(
        team=world.team, title="Mine", slug="mine", base="embedded", sessions=[world.session.pk], sources=["exact"],
        steps=9, state="paused" if paused else "running",
    )  # fmt: skip


def completed_export(world: World) -> ExportJob:
    job = export_create(session=world.session, user=world.people[Role.OWNER], format="trl_stepwise", filters={})
    export_write(str(job.pk))
    return job


def waiting_import(world: World) -> ImportJob:
    owner, file = world.people[Role.OWNER], a_file()
    return import_create(
        session=world.session, user=owner, format="", skip=False, stream=file, name="a.jsonl", size=len(file.getvalue())
    )


def expected(rule: Rule) -> dict[str, int]:
    """The status for each kind of caller."""
    members: dict[str, int] = {
        role: rule.status if rule.action is None or rule.action in ACTIONS[role] else 403 for role in ROLES
    }
    read = rule.action in (None, "view") and rule.for_readers
    hidden = 404 if rule.own else 403
    unseen = rule.action in (None, "view") or not rule.for_readers
    return {
        **members,
        "stranger": 404 if rule.own else rule.status,
        "reader of the session's link": rule.status if read else hidden if unseen else 403,
        "reader of another session's link": rule.status if read and not rule.own else hidden,
        "nobody": 401,
        "wrong token": 401,
    }


@pytest.mark.parametrize("name", sorted(TABLE))
def test_who_may(world: World, name: str) -> None:
    other = Session.objects.create(team=world.team, title="Another session of the same team")
    callers: dict[str, Caller] = {role: world.as_role(role) for role in ROLES} | {
        "stranger": world.as_user(world.stranger),
        "reader of the session's link": world.as_reader(),
        "reader of another session's link": world.as_reader(other),
        "nobody": Caller(),
        "wrong token": Caller("esp_api_wrong"),
    }
    found = {}
    for kind, caller in callers.items():
        with transaction.atomic():  # each finds the world as it was
            found[kind] = call(world, caller, name)
            transaction.set_rollback(True)
    assert found == expected(TABLE[name])


def test_lists_hold_only_what_is_theirs(world: World) -> None:
    completed_export(world)
    for path in ("/sessions", "/exports"):
        assert len(world.as_role(Role.VIEWER).get_json(path)["items"]) == 1
        assert world.as_user(world.stranger).get_json(path) == {"items": [], "next": None}
    reader = world.as_reader()
    assert [session["id"] for session in reader.get_json("/sessions")["items"]] == [str(world.session.pk)]
    assert reader.get_json("/exports")["items"] == []


def test_an_admin_is_no_member(world: World) -> None:
    """Being an admin opens the registry, not other people's sessions."""
    world.stranger.is_superuser = world.stranger.is_staff = True
    world.stranger.save()
    assert world.as_user(world.stranger).send("GET", f"/sessions/{world.session.pk}").status_code == 404


def test_absent_and_invisible_are_not_told_apart(world: World) -> None:
    stranger = world.as_user(world.stranger)
    unseen = stranger.send("GET", f"/runs/{world.run.pk}").json()
    absent_id = uuid4()
    absent = stranger.send("GET", f"/runs/{absent_id}").json()
    assert unseen["detail"].replace(str(world.run.pk), "x") == absent["detail"].replace(str(absent_id), "x")
    assert {**unseen, "detail": ""} == {**absent, "detail": ""}
