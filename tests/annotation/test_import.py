"""Imports: an import of an export gives the same labels back; all of a file or nothing."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from app.annotation.models import StepLabel
from app.explorer.models import Run
from app.explorer.selectors import journal_events
from search.reducer import fold
from tests.annotation.test_export import exported, grow, line, rate
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World, stored_counts


def send(world: World, content: bytes, **fields: Any) -> Any:
    form = {"session": str(world.session.pk), "format": "trl_stepwise"} | fields
    return world.owner.post("/api/v1/imports", form | {"file": io.BytesIO(content)})


def lines(*records: Any) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_an_import_of_an_export_gives_the_same_labels_back(world: World) -> None:
    grow(world.run, [0, 1, 1, 2, 3])
    rate(world.run, world.people["owner"], {1: 1, 2: 0, 3: -1, 4: 1, 5: -1})
    file = exported(world, neutral="half")
    answer = send(world, lines(*file)).json()
    assert answer == {"runs": 1, "steps": 5, "labels": 5, "conflicts": 0}
    run = Run.objects.get(algorithm="imported")
    assert (run.state, run.nodes, run.problem.verifier) == ("completed", 6, "countdown")
    back = exported(world, neutral="half", runs=[str(run.pk)])
    assert sorted(back, key=str) == sorted(file, key=str)
    labels = world.owner.get_json(f"/runs/{run.pk}/labels")["items"]
    assert {label["by"] for label in labels} == {"owner-of-team"}
    assert all(label["tags"] == ["imported"] for label in labels)


def test_the_tree_of_an_import_is_its_journal(world: World) -> None:
    """The page reads the nodes, the live view the events: both must show the same."""
    file = lines(line([1, 2], [True, False]), line([1, 3, 4], [True, True, True]))
    assert send(world, file).json() == {"runs": 1, "steps": 4, "labels": 4, "conflicts": 0}
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
    answer = send(world, lines(line([1, 2], [True, True]), line([1, 3], [False, True]))).json()
    assert answer["conflicts"] == 1
    assert StepLabel.objects.get(node_index=1).rating == 1


def test_an_imported_tree_cannot_be_steered(world: World) -> None:
    send(world, lines(line([1], [True])))
    run = Run.objects.get(algorithm="imported")
    for path in ("resume", "fork", "nodes/1/expand"):
        refused(world.owner.send("POST", f"/runs/{run.pk}/{path}", {}), 409)


@pytest.mark.parametrize(
    ("content", "fields", "field", "words"),
    [
        (b"nonsense", {}, "file", "line 1"),
        (b"", {}, "file", "no lines"),
        (lines(line([1], [True]), {"prompt": "p"}), {}, "file", "line 2, completions"),
        (lines({"prompt": "x" * 20_001, "completions": ["a"], "labels": [True]}), {}, "file", "line 1, prompt"),
        (lines({"prompt": "a\0", "completions": ["a"], "labels": [True]}), {}, "file", "NUL"),
        (lines(line([1], [True])), {"format": "parquet"}, "format", "one of trl_stepwise"),
        (lines(line([1], [True])), {"session": "mine"}, "session", "an id"),
    ],
)
def test_a_file_that_cannot_be(world: World, content: bytes, fields: Any, field: str, words: str) -> None:
    before = stored_counts()
    document = refused(send(world, content, **fields), 422)
    (error,) = document["errors"]
    assert error["field"] == field
    assert words in f"{error['message']} {error.get('mend', '')}"
    assert stored_counts() == before


def test_a_request_without_a_file(world: World) -> None:
    response = world.owner.post("/api/v1/imports", {"session": str(world.session.pk)})
    assert [error["field"] for error in refused(response, 422)["errors"]] == ["file"]


def test_odd_texts_survive(world: World) -> None:
    steps = ["a\0b", "x\uf8ffy", "∑ 😀", ""]
    assert send(world, lines({"prompt": "p", "completions": steps, "labels": [True] * 4})).status_code == 201
    run = Run.objects.get(algorithm="imported")
    nodes = world.owner.get_json(f"/runs/{run.pk}/nodes")["items"]
    assert [node["text"] for node in nodes[1:]] == steps
    assert exported(world, runs=[str(run.pk)]) == [{"prompt": "p", "completions": steps, "labels": [True] * 4}]
