"""Forks: where they leave their parent, and how a strategy goes on from a grown tree."""

from __future__ import annotations

import pytest

from search.algorithms import registry
from search.forks import fork_events
from search.reducer import fold
from tests.search.support.merging import Merging
from tests.search.support.runs import command, header, play

BEAM = {"width": 2, "proposals": 2}
NAMES = sorted(name for name in registry() if name != Merging.name)


async def test_a_fork_is_cut_back_to_where_nothing_is_torn():
    parent = await play(header("beam", BEAM), at={12: [command("prune", node=1)]})
    kinds = {event.seq: event.kind for event in parent.events}
    for at in kinds:
        cut = fork_events(parent.events, at)
        assert len(cut) <= at
        if cut:
            assert cut[-1].kind in ("budget", "selected", "pruned", "finished")
            tree = fold(cut)
            assert tree.unborn == {}
            assert all(n.reward is not None or n.dead for n in tree.nodes if n.children and n.parents)
    assert fork_events(parent.events, len(parent.events)) == parent.events
    # seq 12 ends the first level; seq 13 is the person's prune, 14 what it did
    assert [len(fork_events(parent.events, at)) for at in (11, 12, 13, 14)] == [4, 12, 12, 14]


@pytest.mark.parametrize("at", [0, 999])
async def test_a_fork_outside_the_journal_is_refused(at):
    parent = await play(header("greedy"))
    with pytest.raises(ValueError, match=f"from 1 to {len(parent.events)}"):
        fork_events(parent.events, at)


async def test_what_if_this_had_not_been_pruned():
    head = header("beam", BEAM)
    parent = await play(head)
    lost = next(event for event in parent.events if event.kind == "pruned")
    node = lost.payload["nodes"][0]["node"]
    child = await play(head, fork_events(parent.events, lost.seq), commands=[command("restore", node=node)])
    assert child.events[: lost.seq] == parent.events[: lost.seq]
    assert child.outcome.tree[node].children
    assert not parent.outcome.tree[node].children
    assert child.outcome.state == "completed"


@pytest.mark.parametrize("name", NAMES)
async def test_every_strategy_goes_on_from_a_tree_it_did_not_grow(name):
    parent = await play(header("beam", BEAM))
    lost = next(event for event in parent.events if event.kind == "pruned")
    prefix = fork_events(parent.events, lost.seq)
    small = {
        "best_of_n": {"n": 2},
        "majority": {"n": 2},
        "mcts": {"simulations": 12},
        "ab_mcts": {"simulations": 24},
        "particle_gibbs": {"particles": 2, "sweeps": 2},
        "smc_steering": {"particles": 2, "proposals": 2},
        "particle_filter": {"particles": 2},
    }
    head = header(name, small.get(name, {}), seed=9) | {"warm_start": {"parent": "r1", "seq": len(prefix)}}
    child = await play(head, prefix)
    assert child.events[: len(prefix)] == prefix
    assert child.outcome.state == "completed"
    start = fold(prefix)
    opened = [node.index for node in start.frontier()]
    assert opened
    assert any(child.outcome.tree[index].children for index in opened)
    assert child.outcome.tree.counters.tokens > start.counters.tokens
    assert (await play(head, child.events[: len(prefix) + 9])).events == child.events


async def test_a_warm_start_from_a_finished_run_samples_on_from_the_root():
    parent = await play(header("best_of_n", {"n": 2}))
    head = header("majority", {"n": 3}) | {"warm_start": {"parent": "r1", "seq": len(parent.events)}}
    child = await play(head, parent.events)
    assert child.outcome.revision == 1
    assert [child.outcome.tree[i].key for i in child.outcome.tree.root.children] == ["0.0", "0.1", "0.2", "0.3", "0.4"]
    assert sum(count for _, _, count in child.events[-1].payload["votes"]) == 5
    assert [node.status for node in child.outcome.tree.nodes].count("selected") == 1
