"""Every real file is read whole; the counts are computed here from the plain JSON, without the readers."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from search.datasets.growing import events_of
from search.datasets.records import LabelledPath, LabelledTree
from search.datasets.registry import FORMATS, guess
from search.reducer import fold
from tests.search.datasets.real_files import opened


def trees(name: str, format: str) -> list[LabelledTree]:
    with opened(name) as stream:
        assert guess(stream) == format
    with opened(name) as stream:
        found = list(FORMATS[format].read(stream))
    assert all(isinstance(tree, LabelledTree) for tree in found)
    return found  # type: ignore[return-value]


def plain(name: str) -> list[dict[str, Any]]:
    with opened(name) as stream:
        return [json.loads(line) for line in stream]


def test_tree_of_thoughts() -> None:
    found = trees("tot-game24-gpt4-bfs.json", "tot_log")
    with opened("tot-game24-gpt4-bfs.json") as stream:
        problems = json.load(stream)
    assert len(found) == len(problems) == 50
    proposals = sum(len(step["new_ys"]) for problem in problems for step in problem["steps"])
    kept = sum(len(step["select_new_ys"]) for problem in problems for step in problem["steps"])
    assert (proposals, kept) == (4202, 1000)
    assert sum(len(tree.nodes) for tree in found) == proposals + 50
    folded = [fold(events_of(tree)) for tree in found]
    decisions = [node.decision for tree in folded for node in tree.nodes if node.decision]
    assert Counter(decision["outcome"] for decision in decisions) == {"kept": kept, "pruned": proposals - kept}
    assert {decision["rule"] for decision in decisions} == {"tot-bfs"}
    for tree, problem in zip(found, problems, strict=True):
        assert tree.prompt == problem["steps"][0]["x"]
        right = [node for node in tree.nodes if node.correct]
        assert len(right) == sum(info["r"] for info in problem["infos"])
        top = [node for node in tree.nodes if node.parent == 0]
        assert [node.rewards["tot-value"] for node in top] == problem["steps"][0]["values"]
    first = folded[0]
    assert (first.finished or {})["answer"] == "(4 * 5) + (10 - 6) = 24"
    assert [first[index].text for index in first.chosen[1:]] == [
        "4 * 5 = 20 (left: 6 10 20)", "10 - 6 = 4 (left: 4 20)", "4 + 20 = 24 (left: 24)",
        "Answer: (4 * 5) + (10 - 6) = 24",
    ]  # fmt: skip


def test_omega_prm_trees() -> None:
    found = trees("math-aps-tree.jsonl", "math_aps")
    for tree, record in zip(found, plain("math-aps-tree.jsonl"), strict=True):
        values: list[float] = []
        waiting = [record["reasoning_steps"]]
        while waiting:
            item = waiting.pop()
            values.append(item["mc_value"])
            waiting += item["children"]
        assert sorted(node.rewards["mc"] for node in tree.nodes) == sorted(values)
        assert (tree.prompt, tree.answer) == (record["question"], record["final_answer"])
    assert [len(tree.nodes) for tree in found] == [143, 90, 24]


def test_omega_prm_prefixes() -> None:
    found = trees("math-aps.jsonl", "math_aps")
    assert [len(tree.nodes) for tree in found] == [90, 13, 42]
    for tree, record in zip(found, plain("math-aps.jsonl"), strict=True):
        whole = Counter(
            ("".join(tree.nodes[i].text for i in tree.path(index)[1:]), node.rewards["mc"])
            for index, node in enumerate(tree.nodes)
        )
        root = record["reasoning_steps"][0]["solution_prefix"]
        said = Counter(
            (item["solution_prefix"].removeprefix(root), item["mc_value"]) for item in record["reasoning_steps"]
        )
        assert whole == said


def test_math_shepherd() -> None:
    with opened("math-shepherd.jsonl") as stream:
        assert guess(stream) == "math_shepherd"
    with opened("math-shepherd.jsonl") as stream:
        found = list(FORMATS["math_shepherd"].read(stream))
    records = plain("math-shepherd.jsonl")
    assert len(found) == len(records) == 7
    for path, record in zip(found, records, strict=True):
        assert isinstance(path, LabelledPath)
        signs = [line.rstrip()[-1] for line in record["label"].split("\n")]
        assert ["+" if rating == 1 else "-" for rating in path.ratings] == signs
        assert path.origin.source == "rollout"
        back = FORMATS["math_shepherd"].unparse(path, "good")  # type: ignore[misc]
        assert {name: back[name] for name in record} == record
    assert sum(len(path.steps) for path in found if isinstance(path, LabelledPath)) == 25


def test_prm800k() -> None:
    found = trees("prm800k.jsonl", "prm800k")
    records = plain("prm800k.jsonl")
    assert len(found) == len(records) == 6
    for tree, record in zip(found, records, strict=True):
        steps = record["label"]["steps"]
        said = Counter(
            completion["rating"]
            for step in steps
            for completion in step["completions"] or []
            if completion["rating"] is not None
        )
        assert Counter(node.rating for node in tree.nodes if node.rating is not None) == said
        written = sum(step["human_completion"] is not None for step in steps)
        assert sum(node.kind == "human" and node.rating is None for node in tree.nodes) == written
        assert (tree.origin.by, tree.origin.at) == (record["labeler"], record["timestamp"])
        assert FORMATS["prm800k"].unparse(tree, "good") == record  # type: ignore[misc]


@pytest.mark.parametrize("name", ["gsm8k-test-first600.jsonl", "math500-first250.jsonl"])
def test_problem_sets_are_no_labels(name: str) -> None:
    """They are read as problems to search (search.bench); an import says that it knows no format like that."""
    with opened(name) as stream:
        assert guess(stream) is None
