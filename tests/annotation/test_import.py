"""Imports: an import of an export gives the same labels back; all of a file or nothing, or the rest as asked."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from app.annotation.importing import import_read
from app.annotation.imports import import_path
from app.annotation.models import ImportJob, StepLabel
from app.explorer.models import NodeState, Run
from app.explorer.selectors import journal_events
from search.reducer import fold
from tests.annotation.test_export import exported, grow, line, rate
from tests.explorer.test_bad_input import refused
from tests.explorer.world import JOURNALS, World, stored_counts
from tests.search.datasets.real_files import opened


def send(world: World, content: bytes, **fields: Any) -> Any:
    form = {"session": str(world.session.pk), "format": "trl_stepwise"} | fields
    return world.owner.post("/api/v1/imports", form | {"file": io.BytesIO(content)})


def imported(world: World, content: bytes, **fields: Any) -> dict[str, Any]:
    """The job after a worker has read the file, which is then gone."""
    answer = send(world, content, **fields)
    assert answer.status_code == 201, answer.content
    job = answer.json()
    assert (job["state"], job["done"], job["size"]) == ("queued", 0, len(content))
    import_read(job["id"])
    assert not import_path(ImportJob.objects.get(pk=job["id"])).exists()
    return dict(world.owner.get_json(f"/imports/{job['id']}"))


def counts(runs: int, steps: int, labels: int, conflicts: int = 0, left_out: int = 0) -> dict[str, int]:
    return {"runs": runs, "steps": steps, "labels": labels, "conflicts": conflicts, "left_out": left_out}


def lines(*records: Any) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_an_import_of_an_export_gives_the_same_labels_back(world: World) -> None:
    grow(world.run, [0, 1, 1, 2, 3])
    rate(world.run, world.people["owner"], {1: 1, 2: 0, 3: -1, 4: 1, 5: -1})
    file = exported(world, neutral="half")
    job = imported(world, lines(*file))
    assert (job["state"], job["counts"]) == ("completed", counts(1, 5, 5))
    run = Run.objects.get(algorithm="imported")
    assert job["runs"] == [str(run.pk)]
    assert (run.state, run.nodes, run.problem.verifier) == ("completed", 6, "countdown")
    back = exported(world, neutral="half", runs=[str(run.pk)])
    assert sorted(back, key=str) == sorted(file, key=str)
    labels = world.owner.get_json(f"/runs/{run.pk}/labels")["items"]
    assert {label["by"] for label in labels} == {"owner-of-team"}
    assert all(label["tags"] == ["imported"] for label in labels)


def test_labels_keep_their_source(world: World) -> None:
    said = {"source": "human", "by": "somebody else", "at": "2024-05-06T07:08:09Z", "run": ""}
    rolled = {"source": "rollout", "by": "a policy", "at": "", "run": ""}
    file = lines(
        line([1], [True]) | {"provenance": said}, line([1], [False]) | {"provenance": rolled}, line([1], [True])
    )
    assert imported(world, file)["counts"] == counts(1, 1, 3)
    found = StepLabel.objects.order_by("source", "annotator").values_list(
        "source", "model", "annotator__username", "rating", "created_at__year"
    )
    assert set(found) >= {("human", "somebody else", None, 1, 2024)}
    assert {row[:4] for row in found} == {
        ("human", "somebody else", None, 1), ("rollout", "a policy", None, -1), ("human", "", "owner-of-team", 1),
    }  # fmt: skip


def test_the_tree_of_an_import_is_its_journal(world: World) -> None:
    """The page reads the nodes, the live view the events: both must show the same."""
    file = lines(line([1, 2], [True, False]), line([1, 3, 4], [True, True, True]))
    assert imported(world, file)["counts"] == counts(1, 4, 4)
    run = Run.objects.get(algorithm="imported")
    tree = fold(journal_events(run.pk))
    nodes = world.owner.get_json(f"/runs/{run.pk}/nodes")["items"]
    assert [(n["text"], n["parents"], n["depth"], n["status"], n["key"]) for n in nodes] == [
        ("3 5 7 11 -> 24", [], 0, "expanded", "0"),
        ("step 1", [0], 1, "expanded", "0.0"),
        ("step 2", [1], 2, "open", "0.0.0"),
        ("step 3", [1], 2, "expanded", "0.0.1"),
        ("step 4", [3], 3, "open", "0.0.1.0"),
    ]
    assert [node.text for node in tree.nodes] == [node["text"] for node in nodes]
    assert world.owner.send("GET", f"/runs/{run.pk}/nodes/4").status_code == 200


def test_of_two_labels_of_one_step_the_first_stays(world: World) -> None:
    job = imported(world, lines(line([1, 2], [True, True]), line([1, 3], [False, True])))
    assert job["counts"]["conflicts"] == 1
    assert StepLabel.objects.get(node_index=1).rating == 1


def test_an_imported_tree_cannot_be_steered(world: World) -> None:
    imported(world, lines(line([1], [True])))
    run = Run.objects.get(algorithm="imported")
    for path in ("resume", "fork", "nodes/1/expand"):
        refused(world.owner.send("POST", f"/runs/{run.pk}/{path}", {}), 409)


def test_tree_of_thoughts_opens_in_the_explorer(world: World) -> None:
    """The first ten of the fifty real searches: values are rewards, what was not kept is pruned by tot-bfs."""
    with opened("tot-game24-gpt4-bfs.json") as stream:
        problems = json.load(stream)[:10]
    job = imported(world, json.dumps(problems, indent=1).encode(), format="")
    proposals = sum(len(step["new_ys"]) for problem in problems for step in problem["steps"])
    kept = sum(len(step["select_new_ys"]) for problem in problems for step in problem["steps"])
    assert (job["format"], job["counts"]) == ("tot_log", counts(10, proposals, 0))
    runs = Run.objects.filter(algorithm="imported")
    assert NodeState.objects.filter(run__in=runs, status="pruned").count() == proposals - kept
    run = runs.get(problem__text="4 5 6 10")
    assert (run.answer, run.correct, run.reward) == ("(4 * 5) + (10 - 6) = 24", True, "tot-value")
    node = world.owner.get_json(f"/runs/{run.pk}/nodes/5")
    first = problems[0]["steps"][0]
    assert node["rewards"] == {"tot-value": first["values"][4]}
    lost = min(
        score for text, score in zip(first["new_ys"], first["values"], strict=True) if text in first["select_new_ys"]
    )
    assert node["decision"]["rule"] == "tot-bfs"
    assert (node["decision"]["score"], node["decision"]["cutoff"]) == (1.002, lost)
    assert world.owner.send("GET", f"/runs/{run.pk}/skeleton").status_code == 200
    assert world.owner.send("GET", f"/runs/{run.pk}/charts").status_code == 200


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("math-aps-tree.jsonl", "math_aps", counts(3, 254, 0)),
        ("math-aps.jsonl", "math_aps", counts(3, 142, 0)),
        ("math-shepherd.jsonl", "math_shepherd", counts(7, 25, 25)),
        ("prm800k.jsonl", "prm800k", None),
    ],
)
def test_real_files(world: World, name: str, format: str, expected: dict[str, int] | None) -> None:
    with opened(name) as stream:
        content = stream.read()
    job = imported(world, content, format="")
    assert (job["state"], job["format"]) == ("completed", format)
    if expected is None:  # counted from the plain file
        steps = [step for row in content.splitlines() for step in json.loads(row)["label"]["steps"]]
        rated = [completion["rating"] for step in steps for completion in step["completions"] or []]
        written = sum(step["human_completion"] is not None for step in steps)
        expected = counts(6, len(rated) + written, sum(rating is not None for rating in rated))
        assert StepLabel.objects.filter(annotator=None, source="human").exclude(model="").count() == expected["labels"]
    assert job["counts"] == expected


@pytest.mark.parametrize("journal", ["beam_steered", "mcts_puct", "particles", "deadline"])
def test_a_journal_comes_back_as_it_was(world: World, journal: str) -> None:
    content = (JOURNALS / f"{journal}.jsonl").read_bytes()
    job = imported(world, content, format="")
    (run_id,) = job["runs"]
    written = [json.loads(row) for row in content.splitlines()]
    events: list[Any] = []
    while page := world.owner.get_json(f"/runs/{run_id}/events?after={len(events)}&limit=500")["items"]:
        events += page
    plain = [{name: event[name] for name in ("seq", "kind", "payload")} for event in events]
    assert plain == [{name: event[name] for name in ("seq", "kind", "payload")} for event in written[1:]]
    assert [event["at"][:19] for event in events] == [event["at"][:19] for event in written[1:]]


def test_the_rest_is_imported_where_asked(world: World) -> None:
    file = lines(line([1], [True]), {"prompt": "p"}, line([2], [False])) + b"nonsense\n"
    job = imported(world, file, on_error="skip")
    assert (job["state"], job["counts"]) == ("completed", counts(1, 2, 2, left_out=2))
    assert [(bad["line"], bad["field"]) for bad in job["complaints"]] == [(2, "completions"), (4, "line")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nonsense", "line 1"),
        (b"\n\n", "no record"),
        (lines(line([1], [True]), {"prompt": "p"}), "line 2, completions"),
        (lines({"prompt": "x" * 20_001, "completions": ["a"], "labels": [True]}), "line 1, prompt"),
        (lines(line([1], [True]), {"prompt": "a\0", "completions": ["a"], "labels": [True]}), "line 2, prompt"),
        (lines({"prompt": "\ud800", "completions": ["a"], "labels": [True]}), "surrogate"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing(world: World, content: bytes, words: str) -> None:
    before = stored_counts()
    job = imported(world, content)
    assert job["state"] == "failed"
    assert words in job["error"]
    assert job["complaints"]
    assert stored_counts() == before


@pytest.mark.parametrize(
    ("content", "fields", "field", "words"),
    [
        (b"", {}, "file", "no lines"),
        (b"nonsense", {"format": ""}, "file", "no format known"),
        (lines(line([1], [True])), {"format": "parquet"}, "format", "one of trl_stepwise"),
        (lines(line([1], [True])), {"session": "mine"}, "session", "an id"),
        (lines(line([1], [True])), {"on_error": "shrug"}, "on_error", "nothing"),
    ],
)
def test_a_request_that_cannot_be(world: World, content: bytes, fields: Any, field: str, words: str) -> None:
    before = stored_counts()
    document = refused(send(world, content, **fields), 422)
    (error,) = document["errors"]
    assert error["field"] == field
    assert words in f"{error['message']} {error.get('mend', '')}"
    assert stored_counts() == before
    assert not ImportJob.objects.exists()


def test_a_file_that_is_too_large(world: World, settings: Any) -> None:
    settings.MAX_IMPORT_BYTES = 10
    assert "Split it" in refused(send(world, lines(line([1], [True]))), 413)["detail"]


def test_a_request_without_a_file(world: World) -> None:
    response = world.owner.post("/api/v1/imports", {"session": str(world.session.pk)})
    assert [error["field"] for error in refused(response, 422)["errors"]] == ["file"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"payload": {"index": 5}}, "fold"),
        ({"payload": None}, "payload"),
        ({"seq": 9}, "seq"),
    ],
)
def test_a_journal_that_is_none(world: World, change: dict[str, Any], words: str) -> None:
    written = (JOURNALS / "greedy.jsonl").read_bytes().splitlines()
    written[1] = json.dumps(json.loads(written[1]) | change).encode()
    before = stored_counts()
    job = imported(world, b"\n".join(written), format="espalier")
    assert job["state"] == "failed"
    assert words in job["error"]
    assert stored_counts() == before


def test_odd_texts_survive(world: World) -> None:
    steps = ["a\0b", "x\uf8ffy", "∑ 😀", ""]
    imported(world, lines({"prompt": "p", "completions": steps, "labels": [True] * 4}))
    run = Run.objects.get(algorithm="imported")
    nodes = world.owner.get_json(f"/runs/{run.pk}/nodes")["items"]
    assert [node["text"] for node in nodes[1:]] == steps
    assert exported(world, runs=[str(run.pk)]) == [{"prompt": "p", "completions": steps, "labels": [True] * 4}]


def test_a_cancelled_import_leaves_nothing(world: World) -> None:
    before = stored_counts()
    job = send(world, lines(line([1], [True]))).json()
    cancelled = world.owner.send("POST", f"/imports/{job['id']}/cancel").json()
    assert cancelled["state"] == "cancelled"
    import_read(job["id"])
    assert world.owner.get_json(f"/imports/{job['id']}")["state"] == "cancelled"
    assert stored_counts() == before
    assert not import_path(ImportJob.objects.get()).exists()


def test_what_formats_there_are(world: World) -> None:
    items = world.owner.get_json("/formats")["items"]
    assert len(items) == 12
    assert {"name", "title", "about", "shape", "neutrals"} == items[0].keys()
