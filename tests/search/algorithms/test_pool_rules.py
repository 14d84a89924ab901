"""The strategies that sample a pool and select from it: what they show, and that they keep no judge of their own."""

from __future__ import annotations

from math import exp

import pytest

from search.events import Event
from search.models import catalogue, load_policy, load_reward
from search.policies.base import PolicyError
from search.run import run_search
from search.selection import RULES, Settings
from search.spec import RunSpec, header_of
from tests.search.algorithms.puzzle import path, texts
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, from_table, play_countdown

ARITHMETIC = "8 - 4 + 2 * 3"
# Three samples: one short way to 9, two ways to 10. A text has one token per character and one for its end.
WORDS = {"": ["a", "bb", "c"], "a": ["answer: 9."], "bb": ["answer: 10."], "c": ["answer: 10 ."]}
CERTAIN = {"a": 3.0, "answer: 9": 3.0, "bb": 1.0, "answer: 10": 1.0, "c": 2.0, "answer: 10 ": 2.0}


async def solved(algorithm: str, params: dict[str, object]) -> Run:
    """Run on `WORDS` with the certainties of `CERTAIN`, without a reward."""
    policy = ScriptedPolicy(
        lambda steps, request: from_table({steps: WORDS[steps[-1] if steps else ""]})(steps, request),
        certainty=CERTAIN.__getitem__,
    )
    head = {**header(algorithm, params, problem=ARITHMETIC, reward=False), "policy": policy.describe()}
    return await play(head, policy=policy)


async def test_certainty_reaches_the_tree_through_the_journal_and_ranks_the_paths():
    run = await solved("self_certainty", {"n": 3, "power": 1.0})
    assert [node.certainty for node in run.outcome.tree.nodes] == [None, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]
    (shown,) = run.payloads("selected")
    assert [(entry["score"], entry["rank"]) for entry in shown["nodes"]] == [(3.0, 1), (2.0, 2), (1.0, 3)]
    assert texts(run, shown["nodes"]) == ["answer: 9", "answer: 10 ", "answer: 10"]
    assert shown["detail"] == {"power": 1.0, "votes": [[4, 3.0], [6, 2.0], [5, 1.0]]}
    # 3 votes against 2 + 1: a tie, and 9 was seen first
    assert run.events[-1].payload["votes"] == [["9", 3.0, 1], ["10", 3.0, 2]]
    flatter = await solved("self_certainty", {"n": 3, "power": 0.5})
    assert path(flatter) == ["c", "answer: 10 "]  # 1.732051 against 1.414214 + 1


async def test_a_journal_with_certainties_replays_and_one_without_them_stays_without():
    run = await solved("self_certainty", {"n": 3})
    head = {**header("self_certainty", {"n": 3}, problem=ARITHMETIC, reward=False)}
    for cut in range(len(run.events) + 1):
        policy = ScriptedPolicy(
            lambda steps, request: from_table({steps: WORDS[steps[-1] if steps else ""]})(steps, request),
            certainty=CERTAIN.__getitem__,
        )
        assert (await play(head, run.events[:cut], policy=policy)).events == run.events
    silent = await play(header("majority", {"n": 2}))
    assert all("certainty" not in s for e in silent.payloads("generate") for s in e["samples"])


def test_a_policy_that_does_not_report_certainty_is_refused_before_anything_is_spent():
    spec = RunSpec.model_validate({"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "self_certainty"})
    silent = ScriptedPolicy(play_countdown)
    with pytest.raises(
        PolicyError, match="self_certainty ranks paths by the policy's certainty, and scripted does not"
    ):
        header_of(spec, silent, None)
    telling = ScriptedPolicy(play_countdown, certainty=lambda text: 1.0)
    assert header_of(spec, telling, None)["policy"]["certainty"] is True


async def test_shortest_majority_shows_both_factors():
    run = await solved("shortest_majority", {"n": 3})
    (shown,) = run.payloads("selected")
    # "a" and "answer: 9" have 2 + 10 tokens; "bb", "answer: 10" 3 + 11 and "c", "answer: 10 " 2 + 12
    assert shown["detail"]["ballots"] == [
        {"answer": "9", "votes": 1, "mean_length": 12.0},
        {"answer": "10", "votes": 2, "mean_length": 14.0},
    ]
    # 2 / ln 14 = 0.757846 against 1 / ln 12 = 0.402430
    votes = run.events[-1].payload["votes"]
    assert [[a, pytest.approx(w, abs=1e-6), n] for a, w, n in votes] == [["10", 0.757846, 2], ["9", 0.402430, 1]]
    assert path(run) == ["bb", "answer: 10"]


async def test_rpc_sums_the_policys_own_probabilities():
    run = await solved("rpc", {"n": 3, "probability": "token"})
    tree = run.outcome.tree
    (shown,) = run.payloads("selected")
    by_node = {entry["node"]: entry["score"] for entry in shown["nodes"]}
    # the geometric mean over a path's 12 or 14 tokens of what the scripted policy said of each
    expected = {
        leaf: exp(sum(tree[above].logprobs + tree[leaf].logprobs) / tokens)  # type: ignore[operator]
        for above, leaf, tokens in ((1, 4, 12), (2, 5, 14), (3, 6, 14))
    }
    assert by_node == pytest.approx(expected)
    assert shown["detail"] == {"probability": "token", "pruned": [], "mixture": None}


@pytest.mark.parametrize("name", RULES)
async def test_strategy_and_rule_are_one(name):
    """What a strategy answers is what its rule says of the same pool afterwards."""
    head = header(name, {"k": 8} if name == "short_m_at_k" else {"n": 8}, problem=ARITHMETIC)
    run = await play(
        head,
        policy=ScriptedPolicy(lambda steps, request: (f"answer: {9 + int(request.key[-1]) % 3}", True)),
    )
    selection = RULES[name].apply(run.outcome.tree, Settings())
    assert selection.answer.node == run.outcome.node is not None
    assert selection.answer.rule == run.events[-1].payload["rule"]
    assert (selection.answer.votes or []) == run.events[-1].payload.get("votes", [])


READY = all(entry["ready"] for entry in catalogue())


@pytest.mark.skipif(not READY, reason="the embedded models' weights are not trained yet")
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("weighted_majority", {"n": 4}),
        ("self_certainty", {"n": 4}),
        ("shortest_majority", {"n": 4}),
        ("rpc", {"n": 8}),
        ("tree_bon", {"n": 4, "children": 2}),
        ("fractured", {"trajectories": 2, "solutions": 2, "depths": 2}),
    ],
)
async def test_on_the_embedded_models_it_ends_within_its_budget_and_replays_without_them(name, params):
    spec = RunSpec.model_validate(
        {"problem": {"text": ARITHMETIC}, "algorithm": name, "params": params, "seed": 5, "budget": {"tokens": 600}}
    )
    policy, reward = load_policy("embedded"), load_reward("embedded")
    head, events = header_of(spec, policy, reward), list[Event]()
    outcome = await run_search(
        head, policy=policy, reward=reward, sink=lambda seq, kind, payload: events.append(Event(seq, kind, payload))
    )
    assert outcome.tree.counters.tokens <= 600
    assert outcome.answer is not None
    sampled = [node for node in outcome.tree.nodes if node.tokens]
    assert all(node.certainty is not None and node.certainty > 0 for node in sampled)
    again = await run_search(head, events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
    assert again.tree.as_dict() == outcome.tree.as_dict()
    assert [node.certainty for node in again.tree.nodes] == [node.certainty for node in outcome.tree.nodes]
