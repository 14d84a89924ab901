"""Every format out of one labelled tree, written down by hand; and the file in parts."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest

from app.annotation.exporting import export_write
from app.annotation.exports import export_path
from app.annotation.importing import import_read
from app.annotation.models import ExportJob, StepLabel
from app.explorer.models import Node, Run
from search.datasets.registry import FORMATS, guess
from tests.annotation.test_export import grow, rate
from tests.explorer.test_bad_input import refused
from tests.explorer.world import JOURNALS, World

PROBLEM = "3 5 7 11 -> 24"


def written(world: World, format: str, **filters: Any) -> list[dict[str, Any]]:
    """The file's lines, without their provenance; a reader of the same format takes the file."""
    body = {"format": format, "filters": {"session": str(world.session.pk), **filters}}
    job = world.owner.send("POST", "/exports", body).json()
    export_write(job["id"])
    done = world.owner.get_json(f"/exports/{job['id']}")
    assert done["state"] == "completed", done
    content = b"".join(world.owner.send("GET", f"/exports/{job['id']}/file").streaming_content)
    assert (done["size"], done["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    if content:
        assert guess(io.BytesIO(content)) == format
    assert len(list(FORMATS[format].read(io.BytesIO(content)))) == done["counts"]["records"]
    lines = [json.loads(line) for line in content.splitlines()]
    for line in lines:
        line.pop("provenance", None)
    return lines


@pytest.fixture
def labelled(world: World) -> World:
    """
    0 ─ 1(+1) ─ 2(−1)
         │     └ 5(+1)
         └ 3(0) ─ 4
    """
    grow(world.run, [0, 1, 1, 3, 2])
    rate(world.run, world.people["owner"], {1: 1, 2: -1, 3: 0, 5: 1})
    return world


def test_processbench(labelled: World) -> None:
    """What comes after the first error is left out: the labels behind it have no place in this format."""
    lines = written(labelled, "processbench")
    assert [(line["problem"], line["steps"], line["label"]) for line in lines] == [
        (PROBLEM, ["step 1", "step 3"], -1),
        (PROBLEM, ["step 1", "step 2", "step 5"], 1),
    ]
    assert lines[0]["generator"] == "embedded"
    assert [line["label"] for line in written(labelled, "processbench", neutral="bad")] == [1, 1]


def test_prmbench(labelled: World) -> None:
    lines = written(labelled, "prmbench")
    assert [(line["modified_process"], line["error_steps"]) for line in lines] == [
        (["step 1", "step 3"], []),
        (["step 1", "step 2", "step 5"], [2]),
    ]


def test_math_shepherd(labelled: World) -> None:
    line = written(labelled, "math_shepherd")[1]
    assert line["input"] == f"{PROBLEM} Step 1: step 1 ки\nStep 2: step 2 ки\nStep 3: step 5 ки"
    assert line["label"] == f"{PROBLEM} Step 1: step 1 +\nStep 2: step 2 -\nStep 3: step 5 +"


def test_openr(labelled: World) -> None:
    line = written(labelled, "openr")[0]
    assert (line["process"], line["label"]) == ("step 1 \n\n\n\n\n step 3 \n\n\n\n\n", ["+", "+"])


def test_prm800k_shows_siblings_beside_the_longest_path(labelled: World) -> None:
    (line,) = written(labelled, "prm800k")
    assert (line["labeler"], line["question"]["problem"]) == ("owner-of-team", PROBLEM)
    steps = line["label"]["steps"]
    shown = [[(c["text"], c["rating"]) for c in step["completions"]] for step in steps]
    assert shown == [[("step 1", 1)], [("step 2", -1), ("step 3", 0)], [("step 5", 1)]]
    assert [step["chosen_completion"] for step in steps] == [0, 0, 0]


def test_preferences_are_pairs_of_siblings(labelled: World) -> None:
    assert written(labelled, "step_preferences") == [
        {
            "prompt": f"{PROBLEM}\nstep 1",
            "chosen": "step 3",
            "rejected": "step 2",
            "problem": PROBLEM,
            "steps": ["step 1"],
        }
    ]


def test_a_shared_beginning_once(labelled: World) -> None:
    lines = written(labelled, "trl_stepwise", once=True)
    assert [(line["prompt"], line["completions"]) for line in lines] == [
        (PROBLEM, ["step 1", "step 3"]),
        (f"{PROBLEM}\nstep 1", ["step 2", "step 5"]),
    ]


def test_pieces_of_a_step_are_one_step(world: World) -> None:
    """
    0 ─ 1 ~ 2(+1) ─ 3 ~ 4 ~ 5(−1): ~ goes on in mid-step. The mark on piece 4 gives way to the whole step's.
    """
    grow(world.run, [0, 1, 2, 3, 4])
    Node.objects.filter(run=world.run, index__in=[1, 3, 4]).update(finish="chunk")
    rate(world.run, world.people["owner"], {2: 1, 4: 1, 5: -1})
    (line,) = written(world, "trl_stepwise")
    assert (line["completions"], line["labels"]) == (["step 1step 2", "step 3step 4step 5"], [True, False])
    counts = ExportJob.objects.get().counts
    assert (counts["pieces"], counts["below_unmarked"], counts["steps"]) == (1, 0, 2)


def test_journals_are_what_they_were(world: World) -> None:
    lines = written(world, "espalier")
    events = [json.loads(line) for line in (JOURNALS / "beam_steered.jsonl").read_bytes().splitlines()]
    assert lines[0] == events[0]
    assert [{**line, "at": ""} for line in lines[1:]] == [{**event, "at": ""} for event in events[1:]]


def test_trees_go_out_and_come_in(world: World) -> None:
    """The nodes, rewards and prunings of a real search as a JSON tree."""
    rate(world.run, world.people["owner"], {1: -1})
    (line,) = written(world, "json_tree")
    nodes = world.owner.get_json(f"/runs/{world.run.pk}/nodes?limit=1000")["items"]
    assert [node["text"] for node in line["nodes"]] == [node["text"] for node in nodes]
    assert line["nodes"][1]["rating"] == -1
    for mine, theirs in zip(line["nodes"], nodes, strict=True):
        rewards = mine.get("rewards", {})
        assert {name: rewards[name] for name in theirs["rewards"]} == theirs["rewards"]
        assert ("pruned" in mine) == ((theirs["decision"] or {}).get("outcome") in ("pruned", "resampled"))
    assert len(written(world, "reasoners_log")[0]["logs"][0]["nodes"]) == len(nodes)
    assert _size(written(world, "math_aps")[0]["reasoning_steps"]) == len(nodes)


def _size(item: dict[str, Any]) -> int:
    count, waiting = 0, [item]
    while waiting:
        count += 1
        waiting += waiting.pop()["children"]
    return count


def test_an_empty_file_is_complete(world: World) -> None:
    Run.objects.filter(pk=world.run.pk).update(head_seq=0)
    assert written(world, "espalier") == []


def test_a_neutral_the_format_cannot_say(labelled: World) -> None:
    body = {"format": "openr", "filters": {"session": str(labelled.session.pk), "neutral": "half"}}
    (error,) = refused(labelled.owner.send("POST", "/exports", body), 422)["errors"]
    assert (error["field"], error["mend"]) == ("filters.neutral", "one of good, bad")


def test_a_broken_download_goes_on_where_it_stopped(labelled: World) -> None:
    body = {"format": "trl_stepwise", "filters": {"session": str(labelled.session.pk)}}
    job = labelled.owner.send("POST", "/exports", body).json()
    export_write(job["id"])
    path = f"/api/v1/exports/{job['id']}/file"
    whole = export_path(ExportJob.objects.get()).read_bytes()

    def get(**headers: str) -> tuple[int, bytes, Any]:
        response = labelled.owner.get(path, headers=headers)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        return response.status_code, body, response

    status, body_, response = get()
    assert (status, body_, response["Accept-Ranges"]) == (200, whole, "bytes")
    tag = response["ETag"]
    status, body_, response = get(Range="bytes=10-")
    assert (status, body_, response["Content-Range"]) == (206, whole[10:], f"bytes 10-{len(whole) - 1}/{len(whole)}")
    assert get(Range="bytes=0-4")[:2] == (206, whole[:5])
    assert get(Range="bytes=-7")[:2] == (206, whole[-7:])
    assert get(Range="bytes=5-9", **{"If-Range": tag})[:2] == (206, whole[5:10])
    assert get(Range="bytes=5-9", **{"If-Range": '"another"'})[:2] == (200, whole)
    status, _, response = get(Range=f"bytes={len(whole)}-")
    assert (status, response["Content-Range"]) == (416, f"bytes */{len(whole)}")


def test_a_cancelled_export_leaves_no_file(labelled: World) -> None:
    body = {"format": "trl_stepwise", "filters": {"session": str(labelled.session.pk)}}
    job = labelled.owner.send("POST", "/exports", body).json()
    assert labelled.owner.send("POST", f"/exports/{job['id']}/cancel").json()["state"] == "cancelled"
    export_write(job["id"])
    assert labelled.owner.get_json(f"/exports/{job['id']}")["state"] == "cancelled"
    refused(labelled.owner.send("GET", f"/exports/{job['id']}/file"), 409)


def test_the_shares_of_rollouts_go_out_and_come_back(world: World) -> None:
    """A half that its judge calls good is no number OpenR would call good: that path has signs."""
    grow(world.run, [0, 1, 1])
    for node, rating, value in ((1, 1, 0.75), (2, -1, 0.25), (3, 1, 0.5)):
        StepLabel.objects.create(
            run=world.run, node_index=node, source="rollout", model="a policy", rating=rating, value=value
        )
    lines = written(world, "openr", sources=["rollout"])
    assert [line["label"] for line in lines] == [[0.75, 0.25], ["+", "+"]]
    job = ExportJob.objects.get()
    content = export_path(job).read_bytes()
    form = {"session": str(world.session.pk), "file": io.BytesIO(content)}
    imported = world.owner.post("/api/v1/imports", form).json()
    import_read(imported["id"])
    run = Run.objects.get(algorithm="imported")
    back = StepLabel.objects.filter(run=run).order_by("node_index").values_list("source", "model", "rating", "value")
    assert {row[:2] for row in back} == {("rollout", "a policy")}
    assert [row[2:] for row in back] == [(1, 0.75), (-1, 0.25), (1, None)]
