"""Nodes, events, the skeleton and charts: what the API tells of a stored run against the fixture it was stored from."""

from __future__ import annotations

import json
import math
import struct
from datetime import datetime
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from app.explorer.selectors import charts_of
from app.explorer.selectors.packed import CODES
from search.events import read_jsonl
from tests.explorer.world import JOURNALS, World, make_world

STRUCT = {"u1": "B", "i4": "i", "f4": "f"}


def tree_of(journal: str) -> dict[str, Any]:
    """The folded tree as the engine wrote it beside the journal."""
    tree: dict[str, Any] = json.loads((JOURNALS / f"{journal}.tree.json").read_text())
    return tree


@pytest.mark.django_db
@pytest.mark.parametrize("journal", ["beam_steered", "mcts_puct", "particles", "merge", "unknown_kinds"])
def test_nodes_are_the_folded_tree(journal: str) -> None:
    world = make_world(journal)
    found = world.owner.get_json(f"/runs/{world.run.pk}/nodes?limit=1000")["items"]
    expected = tree_of(journal)["nodes"]
    assert len(found) == len(expected)
    for node, folded in zip(found, expected, strict=True):
        shared = {name: value for name, value in folded.items() if name != "children"}
        assert {name: node[name] for name in shared} == shared
        detail = world.owner.get_json(f"/runs/{world.run.pk}/nodes/{folded['index']}")
        assert detail["children"] == folded["children"]


def test_nodes_come_in_pages(world: World) -> None:
    count = len(tree_of("beam_steered")["nodes"])
    seen: list[int] = []
    after: int | None = -1
    while after is not None:
        page = world.owner.get_json(f"/runs/{world.run.pk}/nodes?limit=3&after={after}")
        seen += [node["index"] for node in page["items"]]
        after = page["next"]
    assert seen == list(range(count))


def test_events_are_the_journal(world: World) -> None:
    with (JOURNALS / "beam_steered.jsonl").open() as stream:
        _, journal = read_jsonl(stream)
    seen: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = world.owner.get_json(f"/runs/{world.run.pk}/events?limit=7&after={after}")
        seen += page["items"]
        after = page["next"]
    assert [(event["seq"], event["kind"], event["payload"]) for event in seen] == [
        (event.seq, event.kind, event.payload) for event in journal
    ]
    assert {event["at"] for event in seen} == {"2026-01-02T03:04:05.678901Z"}


def test_a_sampled_step_with_all_that_is_known(world: World) -> None:
    with (JOURNALS / "beam_steered.jsonl").open() as stream:
        _, journal = read_jsonl(stream)
    generate = next(event.payload for event in journal if event.kind == "generate")
    sample = generate["samples"][0]
    node = world.owner.get_json(f"/runs/{world.run.pk}/nodes/{sample['node']}")
    assert (node["token_ids"], node["token_logprobs"]) == (sample["token_ids"], sample["logprobs"])
    assert node["path"] == [0, sample["node"]]
    assert world.run.header is not None
    assert node["saw"] == {
        "prompt": "3 5 7 11 -> 24\n",
        "token_ids": None,  # of a policy that this machine does not have
        "sampling": world.run.header["sampling"],
    }


def test_what_the_policy_saw_below_a_hint(world: World) -> None:
    """A hint is in the prompts of the steps that were written after it, and only below its node."""
    with (JOURNALS / "beam_steered.jsonl").open() as stream:
        _, journal = read_jsonl(stream)
    hint = next((event for event in journal if event.kind == "human" and event.payload["command"] == "hint"), None)
    assert hint is not None, "the fixture has no hint"
    below = [
        node["index"]
        for node in world.owner.get_json(f"/runs/{world.run.pk}/nodes?limit=1000")["items"]
        if node["created_seq"] > hint.seq and node["kind"] == "step"
    ]
    for index in below:
        node = world.owner.get_json(f"/runs/{world.run.pk}/nodes/{index}")
        is_below = hint.payload["node"] in node["path"][:-1]
        assert (f"Hint: {hint.payload['text']}\n" in node["saw"]["prompt"]) == is_below


def test_the_problem_and_a_human_step_saw_nothing(world: World) -> None:
    human = next(
        node["index"]
        for node in world.owner.get_json(f"/runs/{world.run.pk}/nodes?limit=1000")["items"]
        if node["kind"] == "human"
    )
    for index in (0, human):
        node = world.owner.get_json(f"/runs/{world.run.pk}/nodes/{index}")
        assert (node["saw"], node["token_ids"], node["token_texts"]) == (None, [], [])


def test_the_skeleton_is_one_moment(world: World) -> None:
    skeleton = world.owner.get_json(f"/runs/{world.run.pk}/skeleton")
    tree = tree_of("beam_steered")
    assert (skeleton["as_of_seq"], skeleton["count"]) == (tree["head_seq"], len(tree["nodes"]))
    assert skeleton["chosen"] == tree["chosen"]
    for name in ("index", "parents", "depth", "kind", "status", "finish", "tokens", "reward", "visits", "correct"):
        assert skeleton["columns"][name] == [node[name] for node in tree["nodes"]]
    assert skeleton["columns"]["outcome"] == [(node["decision"] or {}).get("outcome") for node in tree["nodes"]]


def test_the_packed_skeleton_says_the_same_in_bytes(world: World) -> None:
    """Read here as its docstring describes it, with `struct`."""
    answer = world.owner.get(f"/api/v1/runs/{world.run.pk}/skeleton", headers={"Accept": "application/octet-stream"})
    assert answer.headers["Content-Type"] == "application/octet-stream"
    by_address = world.owner.get(f"/api/v1/runs/{world.run.pk}/skeleton?packed=true")
    assert by_address.content == answer.content
    body = answer.content
    (length,) = struct.unpack_from(">I", body)
    head = json.loads(body[4 : 4 + length])
    tree = tree_of("beam_steered")
    count = len(tree["nodes"])
    assert (head["as_of_seq"], head["count"], head["chosen"]) == (tree["head_seq"], count, tree["chosen"])
    columns: dict[str, Any] = {}
    at = 4 + length
    for name, kind, size in head["columns"]:
        packed = body[at : at + size]
        at += size
        columns[name] = json.loads(packed) if kind == "json" else struct.unpack(f">{count}{STRUCT[kind]}", packed)
    assert at == len(body)
    assert list(columns["parent"]) == [node["parents"][0] if node["parents"] else -1 for node in tree["nodes"]]
    for name in ("depth", "tokens", "visits"):
        assert list(columns[name]) == [node[name] for node in tree["nodes"]]
    for name in ("kind", "status", "finish"):
        assert [(None, *CODES[name])[code] for code in columns[name]] == [node[name] for node in tree["nodes"]]
    for name in ("correct", "reachable"):
        assert [(None, False, True)[code] for code in columns[name]] == [node[name] for node in tree["nodes"]]
    for name in ("reward", "value", "weight", "prior", "logprob"):
        for own, node in zip(columns[name], tree["nodes"], strict=True):
            assert math.isnan(own) if node[name] is None else own == pytest.approx(node[name], rel=1e-6)
    assert columns["text"] == [node["text"][:120] for node in tree["nodes"]]
    assert columns["by"] == [[node["index"], node["by"]] for node in tree["nodes"] if node["by"]]
    assert columns["answer"] == [[n["index"], n["answer"]] for n in tree["nodes"] if n["answer"] is not None]
    decided = [(node["index"], node["decision"]) for node in tree["nodes"] if node["decision"]]
    assert columns["decision"] == [[index, own["outcome"], own["rule"]] for index, own in decided]


def test_the_skeleton_of_an_earlier_moment(world: World) -> None:
    first = world.owner.get_json(f"/runs/{world.run.pk}/skeleton?at=1")
    assert (first["as_of_seq"], first["columns"]["index"], first["columns"]["status"]) == (1, [0], ["open"])
    now = world.owner.get_json(f"/runs/{world.run.pk}/skeleton")
    last = world.owner.get_json(f"/runs/{world.run.pk}/skeleton?at={now['as_of_seq']}")
    assert last["columns"] == now["columns"]


def test_charts_are_drawn_once_per_moment(world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    drawn = charts_of(world.run, "light")
    assert drawn["as_of_seq"] == world.run.head_seq
    names = [chart["name"] for chart in drawn["charts"]]
    assert {"best_reward", "entropy"} <= set(names)
    with django_assert_num_queries(0):
        assert charts_of(world.run, "light") == drawn
    with django_assert_num_queries(4):  # observations, times, generations, their entropies
        charts_of(world.run, "dark")
    world.run.head_seq += 1  # one event more, within two seconds: the former charts are near enough
    with django_assert_num_queries(0):
        charts_of(world.run, "light")


def test_a_page_of_nodes_costs_the_same_whatever_its_length(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world.owner.get_json("/sessions")  # the token's last use is written once a minute
    for limit in (1, 1000):
        with django_assert_num_queries(4):  # the token, the run, the nodes, the caller's labels
            world.owner.get_json(f"/runs/{world.run.pk}/nodes?limit={limit}")


def test_times_are_utc(world: World) -> None:
    created = world.owner.get_json(f"/runs/{world.run.pk}")["created_at"]
    assert created.endswith("Z")
    assert datetime.fromisoformat(created).utcoffset() is not None
