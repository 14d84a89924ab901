"""Experiments in the database: what is refused, what becomes a run, what cancelling and going on leave behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.experiments.filling import experiment_fill
from app.experiments.measuring import experiment_measure
from app.experiments.models import Cell, Experiment
from app.explorer.models import Problem, Run, RunState
from search.bench.problem_sets import drawn
from tests.explorer.world import World, store_journal, stored_counts

PLAN: dict[str, Any] = {
    "title": "Beam against sampling",
    "sets": [{"name": "countdown 4", "domain": "countdown", "size": 4, "problems": 2}],
    "strategies": [
        {"name": "greedy", "algorithm": "greedy"},
        {"name": "wide beam", "algorithm": "beam", "params": {"width": 8}},
    ],
    "budgets": [{"tokens": 300}, {"tokens": 600}],
    "seeds": [1, 2],
}


def make(world: World, **other: Any) -> dict[str, Any]:
    response = world.owner.send("POST", "/experiments", PLAN | other)
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    return made


def test_every_cell_of_the_plan_becomes_one_run_of_the_batch_queue(world: World) -> None:
    made = make(world)
    assert (made["state"], made["total"], made["states"]) == ("preparing", 16, {})
    experiment_fill(made["id"])
    experiment_fill(made["id"])  # told twice: nothing is made twice
    assert world.owner.get_json(f"/experiments/{made['id']}")["states"] == {"queued": 16}
    runs = Run.objects.filter(cell__experiment=made["id"]).select_related("problem")
    assert {run.queue for run in runs} == {"batch"}
    assert {run.problem.text for run in runs} == {problem.text for problem in drawn("countdown", 4, 2, "dev")}
    wide = runs.filter(algorithm="beam", budget__tokens=600, seed=2)
    assert [run.params["width"] for run in wide] == [8, 8]
    assert {run.session_id for run in runs} == {Experiment.objects.get(pk=made["id"]).session_id}
    assert Problem.objects.filter(session=made["session"]).count() == 2


def test_a_worker_that_died_while_filling_leaves_only_the_rest_to_its_successor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(world)
    from app.experiments import filling

    create, made_by_now = filling.run_create, []

    def dies(**given: Any) -> Run:
        if len(made_by_now) == 5:
            raise SystemExit
        made_by_now.append(create(**given))
        return made_by_now[-1]

    with monkeypatch.context() as patched:
        patched.setattr(filling, "run_create", dies)
        with pytest.raises(SystemExit):
            experiment_fill(made["id"])
    first = set(Run.objects.filter(cell__experiment=made["id"]).values_list("pk", flat=True))
    assert len(first) == 5
    experiment_fill(made["id"])
    every = set(Run.objects.filter(cell__experiment=made["id"]).values_list("pk", flat=True))
    assert first < every
    assert len(every) == 16


def test_cancelling_takes_back_what_has_not_begun_and_going_on_makes_it_anew(world: World) -> None:
    made = make(world)
    experiment_fill(made["id"])
    finished, begun = Run.objects.filter(cell__experiment=made["id"]).order_by("cell__number")[:2]
    Run.objects.filter(pk=finished.pk).update(state=RunState.COMPLETED, head_seq=9)
    Run.objects.filter(pk=begun.pk).update(state=RunState.RUNNING, head_seq=3)
    path = f"/experiments/{made['id']}"
    answer = world.owner.send("POST", f"{path}/cancel").json()
    assert (answer["state"], answer["states"]) == ("cancelled", {"completed": 1, "running": 1})
    assert [command.kind for command in begun.commands.all()] == ["cancel"]
    assert world.owner.send("POST", f"{path}/cancel").status_code == 409
    experiment_fill(made["id"])  # a late message
    assert Run.objects.filter(cell__experiment=made["id"]).count() == 2

    Run.objects.filter(pk=begun.pk).update(state=RunState.CANCELLED)
    assert world.owner.send("POST", f"{path}/resume").json()["state"] == "preparing"
    experiment_fill(made["id"])
    assert world.owner.get_json(path)["states"] == {"completed": 1, "queued": 15}
    assert Cell.objects.get(run=finished).number == 0
    assert Run.objects.filter(pk=begun.pk).exists()  # what it had is kept in the session
    assert world.owner.send("POST", f"{path}/resume").status_code == 409


def test_failed_runs_are_tried_again(world: World) -> None:
    made = make(world)
    experiment_fill(made["id"])
    run = Run.objects.filter(cell__experiment=made["id"])[0]
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, error="the server is away")
    world.owner.send("POST", f"/experiments/{made['id']}/resume")
    experiment_fill(made["id"])
    run.refresh_from_db()
    assert (run.state, run.error) == ("queued", None)


def test_results_count_what_the_journals_say(world: World) -> None:
    """Two stored journals in the place of two runs, one right, one wrong; the failure is read off the tree by hand."""
    made = make(world, strategies=PLAN["strategies"][:1], budgets=[{"tokens": 300}], seeds=[1])
    experiment_fill(made["id"])
    experiment = Experiment.objects.get(pk=made["id"])
    runs = [store_journal(experiment.session, name) for name in ("votes", "greedy")]
    for cell, run in zip(experiment.cells.order_by("number"), runs, strict=True):
        Cell.objects.filter(pk=cell.pk).update(run=run)
    assert [run.correct for run in runs] == [True, False]
    experiment_measure(made["id"])
    found = world.owner.get_json(f"/experiments/{made['id']}/results?theme=dark")
    [point] = found["sets"][0]["points"]
    assert (found["shown"], point["runs"], point["accuracy"]["value"]) == (2, 2, 0.5)
    assert point["tokens"] == sum(run.tokens for run in runs) / 2
    assert [chart["name"] for chart in found["sets"][0]["charts"]][:2] == [
        "countdown 4 accuracy_tokens", "countdown 4 accuracy_reward_passes"
    ]  # fmt: skip
    # One path of a greedy search, wrong at its end, nothing pruned: the right answer was never written.
    assert point["failures"] == [{"kind": "never generated", "rule": "", "count": 1}]
    path = f"/experiments/{made['id']}/runs"
    [failed] = world.owner.get_json(f"{path}?failure=never%20generated")["items"]
    assert (failed["run"], failed["answer"]) == (str(runs[1].pk), runs[1].answer)
    assert world.owner.get_json(f"{path}?failure=pruned")["items"] == []
    report = world.owner.send("GET", f"/experiments/{made['id']}/report")
    assert report["Content-Disposition"].endswith('.html"')
    assert f"/runs/{runs[1].pk}" in report.content.decode()


def test_uploaded_problems_keep_their_answers(world: World) -> None:
    lines = "\n".join(json.dumps(record) for record in ({"problem": "3 5 7 11 -> 24"}, {"problem": "1 5 8 9 -> 36"}))
    made = make(world, sets=[{"name": "mine", "lines": lines}], budgets=[{"tokens": 300}], seeds=[1])
    assert made["total"] == 4
    experiment_fill(made["id"])
    texts = Run.objects.filter(cell__experiment=made["id"]).values_list("problem__text", flat=True)
    assert set(texts) == {"3 5 7 11 -> 24", "1 5 8 9 -> 36"}


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"budgets": [{}]}, "budgets.0", "no cap"),
        ({"budgets": [{"tokens": 2}]}, "budgets.0.tokens", "do not pay for one step"),
        ({"strategies": [{"name": "a", "algorithm": "beam", "params": {"width": 0}}]}, "strategies.0.params.width", ""),
        ({"strategies": [{"name": "a", "algorithm": "bean"}]}, "strategies.0.algorithm", "no strategy 'bean'"),
        ({"strategies": PLAN["strategies"][:1] * 2}, "body", "twice"),
        ({"sets": [{"name": "24", "game24": True}]}, "split", "test as a whole"),
        ({"sets": [{"name": "both", "game24": True, "domain": "countdown"}]}, "sets.0", "exactly one"),
        ({"sets": [{"name": "c", "domain": "countdown", "size": 9}]}, "sets.0", "3 to 6 numbers"),
        ({"sets": [{"name": "a", "domain": "arithmetic", "problems": 1000}]}, "sets", "8,000 runs"),
        ({"sets": [{"name": "f", "lines": '{"question": "Two and two?"}'}]}, "sets.0.lines", "the answer is missing"),
        ({"sets": [{"name": "f", "lines": "not json"}]}, "sets.0.lines", "line 1: this is no JSON"),
        (
            {"sets": [{"name": "f", "lines": '{"problem": "2 3 6 10 -> 24"}\n{"problem": "Why?", "answer": "so"}'}]},
            "sets.0.lines",
            "problem 2: the policy model embedded reads only",
        ),
        ({"policy": "nobody"}, "policy", "there is no policy"),
        ({"reward": None}, "reward", "beam needs a reward model"),
        ({"title": " "}, "title", "is empty"),
        ({"sets": [{"name": "../etc", "domain": "countdown"}]}, "sets.0.name", "match"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_nothing_is_stored(
    world: World, change: dict[str, Any], field: str, said: str
) -> None:
    before = stored_counts()
    response = world.owner.send("POST", "/experiments", PLAN | change)
    assert response.status_code == 422, response.content
    error = response.json()["errors"][0]
    assert error["field"] == field
    assert said in error["message"]
    assert stored_counts() == before
    assert not Experiment.objects.exists()


def test_lists_show_what_ones_teams_have(world: World) -> None:
    made = make(world)
    listed = world.owner.get_json("/experiments")["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert world.as_user(world.stranger).get_json("/experiments")["items"] == []
