"""The moment the last correct path was lost."""

from __future__ import annotations

from search.loss import last_correct_path_lost
from tests.search.support.runs import command, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, from_table

GOOD, WON, LOST = "11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "7 + 6 = 13 (left: 3 13)"
BAD, WORSE = "11 * 5 = 55 (left: 3 7 55)", "55 * 7 = 385 (left: 3 385)"
WORDS = {(): [GOOD, BAD], (GOOD,): [LOST], (BAD,): [WORSE], (GOOD, LOST): ["13 + 3 = 16 (left: 16)."],
         (BAD, WORSE): ["385 * 3 = 1155 (left: 1155)."]}  # fmt: skip


def models(good: float) -> dict:
    """Two first steps: from GOOD 24 can be reached, but the policy throws it away; from BAD it cannot."""
    reward = ScriptedReward(lambda steps: good if GOOD in steps else 0.5)
    return {"policy": ScriptedPolicy(from_table(WORDS)), "reward": reward}


async def test_the_reward_pruned_it():
    run = await play(header("beam", {"width": 1, "proposals": 2}), **models(0.1))
    seq = last_correct_path_lost(run.events)
    assert seq is not None
    assert run.events[seq - 1].kind == "pruned"
    assert [e["node"] for e in run.events[seq - 1].payload["nodes"]] == [1]
    assert run.outcome.tree[1].reachable is True


async def test_the_policy_lost_it():
    run = await play(header("beam", {"width": 1, "proposals": 2}), **models(0.9))
    seq = last_correct_path_lost(run.events)
    assert seq is not None
    assert run.events[seq - 1].kind == "verified"
    assert [run.outcome.tree[i].text for i, _ in run.events[seq - 1].payload["nodes"]] == [LOST, LOST]


async def test_a_person_lost_it():
    run = await play(header("beam", {"width": 2, "proposals": 1}), **models(0.9), at={8: [command("prune", node=1)]})
    seq = last_correct_path_lost(run.events)
    assert seq is not None
    assert (run.events[seq - 1].kind, run.events[seq - 1].payload["rule"]) == ("pruned", "person")


async def test_a_person_brought_hope_back():
    run = await play(
        header("beam", {"width": 2, "proposals": 1, "max_steps": 1}),
        **models(0.9),
        at={8: [command("prune", node=1), command("restore", node=1)]},
    )
    assert last_correct_path_lost(run.events) is None


async def test_nothing_is_lost_where_nothing_is_known_or_the_search_succeeded():
    assert last_correct_path_lost((await play(header("beam", problem="who knows"), **_babbling())).events) is None
    table = {(): [GOOD], (GOOD,): [WON]}
    unended = await play(header("greedy", {"max_steps": 2}), policy=ScriptedPolicy(from_table(table)))
    assert last_correct_path_lost(unended.events) is None


def _babbling() -> dict:
    return {
        "policy": ScriptedPolicy(lambda steps, request: ("word", len(steps) > 1)),
        "reward": ScriptedReward(lambda steps: 0.5),
    }
