"""Folding: the shared journals fold into the trees beside them, live trees equal folded ones, and kinds do as said."""

from __future__ import annotations

import json

import pytest

from search.effects import JournalEnds
from search.events import Event, read_jsonl
from search.reducer import fold
from search.run import run_search
from tests.search.support.journals import FOLDER, MAKERS, as_lines, as_tree

KINDS = {
    "generate", "score", "verify", "human", "deadline", "node_added", "prior", "scored", "backed_up", "pruned",
    "selected", "restored", "resampled", "verified", "answer", "budget", "finished",
}  # fmt: skip


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
async def test_the_shared_journals_are_what_the_engine_makes(make):
    head, run = await make()
    stored = (FOLDER / f"{make.__name__}.jsonl").read_text()
    assert as_lines(head, run.events) == stored
    assert as_tree(run.events) == (FOLDER / f"{make.__name__}.tree.json").read_text()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_shared_journal_folds_into_the_tree_beside_it(path):
    with path.open() as stream:
        _, events = read_jsonl(stream)
    assert fold(events).as_dict() == json.loads(path.with_suffix("").with_suffix(".tree.json").read_text())


@pytest.mark.parametrize("make", [m for m in MAKERS if m.__name__ != "unknown_kinds"], ids=lambda make: make.__name__)
async def test_the_live_tree_equals_the_folded_one_and_replays_without_models(make):
    head, run = await make()
    assert run.outcome.tree.as_dict() == fold(run.events).as_dict()
    again = await run_search(head, run.events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
    assert again.tree.as_dict() == run.outcome.tree.as_dict()


def test_the_shared_journals_hold_every_kind_and_one_that_nobody_knows():
    kinds = set()
    for path in FOLDER.glob("*.jsonl"):
        with path.open() as stream:
            kinds |= {event.kind for event in read_jsonl(stream)[1]}
    assert kinds == KINDS | {"weather", "epilogue"}


async def test_an_unfinished_journal_replays_to_its_end_and_says_so():
    head, run = await MAKERS[1]()
    with pytest.raises(JournalEnds):
        await run_search(head, run.events[:20], policy=None, reward=None, clock=lambda: 0.0)


def node(index: int, parents: list[int], depth: int, **fields: object) -> Event:
    """A `node_added` event with the fields that matter."""
    payload = {"index": index, "parents": parents, "depth": depth, "kind": "step", "key": f"0.{index}", "text": "t",
               "tokens": 1, "finish": "step", "logprob": -1.0, "prior": None, **fields}  # fmt: skip
    return Event(0, "node_added", payload)


def numbered(*events: Event) -> list[Event]:
    return [Event(seq, event.kind, event.payload) for seq, event in enumerate(events, start=1)]


DIAMOND = (node(0, [], 0, kind="root", key="0", finish=None), node(1, [0], 1), node(2, [0], 1), node(3, [1, 2], 2))


def test_values_back_up_by_mean_and_by_max():
    tree = fold(
        numbered(
            *DIAMOND,
            Event(0, "backed_up", {"path": [3, 2, 1, 0], "value": 0.5, "rule": "mean"}),
            Event(0, "backed_up", {"path": [1, 0], "value": 1.0, "rule": "mean"}),
            Event(0, "backed_up", {"path": [2, 0], "value": 0.2, "rule": "max"}),
        )
    )
    # node 0: (0.5 + 1.0) / 2 = 0.75, then max(0.75, 0.2); node 1: (0.5 + 1.0) / 2; node 2: max(0.5, 0.2)
    assert [(n.value, n.visits) for n in tree.nodes] == [(0.75, 3), (0.75, 2), (0.5, 2), (0.5, 1)]


def test_a_parent_that_was_open_becomes_expanded_and_a_merge_expands_all_its_parents():
    tree = fold(numbered(*DIAMOND))
    assert [n.status for n in tree.nodes] == ["expanded", "expanded", "expanded", "open"]
    assert [n.children for n in tree.nodes] == [[1, 2], [3], [3], []]


def test_restoring_gives_back_the_status_that_finish_and_children_call_for():
    entries = [{"node": i, "score": None, "rank": None} for i in (1, 2, 3, 4)]
    tree = fold(
        numbered(
            *DIAMOND,
            node(4, [2], 2, finish="length"),
            Event(0, "pruned", {"rule": "person", "cutoff": None, "of": 4, "nodes": entries, "by": "ada"}),
            Event(0, "restored", {"nodes": [1, 3, 4], "by": "ada"}),
        )
    )
    assert [n.status for n in tree.nodes] == ["expanded", "expanded", "pruned", "open", "terminal"]
    assert tree[1].decision is None
    assert tree[2].decision == {"outcome": "pruned", "rule": "person", "score": None, "cutoff": None, "rank": None,
                                "of": 4, "by": "ada", "seq": 6}  # fmt: skip


def test_a_later_revision_moves_the_choice():
    finished = {"stopped_by": "completed", "answer": "x", "correct": None, "rule": "r"}
    tree = fold(
        numbered(
            DIAMOND[0],
            node(1, [0], 1, finish="end"),
            node(2, [0], 1, finish="end"),
            Event(0, "finished", {**finished, "node": 1, "path": [0, 1], "revision": 0}),
            Event(0, "finished", {**finished, "node": 2, "path": [0, 2], "revision": 1}),
        )
    )
    assert [n.status for n in tree.nodes] == ["expanded", "terminal", "selected"]
    assert tree.chosen == [0, 2]


def test_ten_thousand_levels_fold_and_walk_without_recursion():
    chain = [DIAMOND[0], *(node(i, [i - 1], i) for i in range(1, 10_001))]
    tree = fold(numbered(*chain))
    leaf = tree.nodes[-1]
    assert len(tree.path(leaf)) == len(tree.ancestors(leaf)) == len(tree.subtree(tree.root)) == 10_001
    assert len(tree.steps(leaf)) == 10_000
