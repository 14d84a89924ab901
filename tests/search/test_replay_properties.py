"""What holds for random trees, budgets, crashes and hands: replay is exact, and budgets are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.commands import ON_NODES, Command
from search.events import Event
from search.policies.base import StepRequest
from search.randomness import uniform
from search.reducer import fold
from search.run import run_search
from tests.search.support.runs import header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, Steps

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TRIED: list[tuple[str, dict[str, Any]]] = [
    ("greedy", {"max_steps": 5}),
    ("best_of_n", {"n": 3, "aggregation": "min", "max_steps": 5}),
    ("majority", {"n": 4, "max_steps": 5}),
    ("weighted_majority", {"n": 4, "aggregation": "prod", "max_steps": 5}),
    ("self_certainty", {"n": 4, "max_steps": 5}),
    ("shortest_majority", {"n": 4, "max_steps": 5}),
    ("rpc", {"n": 7, "max_steps": 5}),
    ("tree_bon", {"n": 4, "children": 2, "layers": 3, "max_steps": 5}),
    ("fractured", {"trajectories": 2, "solutions": 2, "depths": 2, "max_steps": 4}),
    ("short_m_at_k", {"k": 5, "m": 2, "chunk": 4, "max_steps": 5}),
    ("short_m_at_k", {"k": 4, "m": 1, "max_steps": 3}),
    ("speculative_rejection", {"n": 6, "chunk": 3, "max_steps": 5}),
    ("speculative_rejection", {"n": 4, "chunk": 5, "alpha": 0.3, "judge": "steps", "max_steps": 4}),
    ("adaptive_sampling", {"n": 4, "threshold": 0.3, "prune_above": 0.8, "max_steps": 5}),
    ("certainty_stop", {"n": 5, "windows": 1, "threshold": 0.3, "max_steps": 5}),
    ("beam", {"width": 2, "proposals": 2, "max_steps": 5}),
    ("beam", {"width": 3, "proposals": 1, "lookahead": 2, "max_steps": 4}),
    ("greedy_step", {"proposals": 3, "max_steps": 5}),
    ("dvts", {"subtrees": 2, "proposals": 2, "max_steps": 5}),
    ("rebase", {"width": 4, "balance": 0.3, "max_steps": 5}),
    ("best_first", {"proposals": 2, "aggregation": "mean", "answers": 2, "expansions": 8, "max_steps": 5}),
    ("best_first", {"proposals": 2, "priority": "logprob", "expansions": 8, "max_steps": 5}),
    ("a_star", {"proposals": 2, "expansions": 8, "max_steps": 5}),
    ("lite_search", {"most": 3, "expansions": 8, "max_steps": 5}),
    ("lite_search", {"most": 3, "expansion": "incremental", "discount": False, "expansions": 8, "max_steps": 5}),
    ("reward_guided_speculation", {"paths": 2, "threshold": 0.5, "max_steps": 5}),
    ("spec_reason", {"paths": 2, "threshold": 4.5, "first": 1, "max_steps": 5}),
    ("compute_optimal", {"probes": 2, "max_steps": 5}),
    ("spec_reason", {"grade": "instruction", "threshold": 2, "max_steps": 4}),
    (
        "stack",
        {
            "stages": [
                {"stage": "generate", "n": 2},
                {"stage": "critique", "n": 1},
                {"stage": "fuse", "n": 2},
                {"stage": "verify", "threshold": 0.5},
            ],
            "max_steps": 4,
        },
    ),
    (
        "stack",
        {
            "stages": [
                {"stage": "generate", "n": 4},
                {"stage": "verify", "threshold": 0.3},
                {"stage": "rank", "keep": 2},
            ],
            "max_steps": 5,
        },
    ),
    (
        "osca",
        {"mix": [{"n": 2, "temperature": 0.5}, {"n": 2, "temperature": 1, "writer": "draft"}], "max_steps": 5},
    ),
    (
        "compute_optimal",
        {
            "probes": 3,
            "estimate": "agreement",
            "table": [
                {"up_to": 0.5, "algorithm": "majority", "params": {"n": 2}},
                {"algorithm": "mcts", "params": {"simulations": 5, "max_depth": 4}},
            ],
            "max_steps": 4,
        },
    ),
    ("synthesize", {"candidates": 2, "syntheses": 2, "max_steps": 4}),
    ("diverse_prompts", {"approaches": 2, "note_tokens": 8, "max_steps": 4}),
    ("plan_search", {"observations": 2, "note_tokens": 8, "plans": 2, "max_steps": 4}),
    ("feedback_edit", {"drafts": 2, "feedbacks": 1, "note_tokens": 8, "max_steps": 4}),
    ("mind_evolution", {"generations": 3, "conversations": 1, "reset_every": 1, "note_tokens": 8, "max_steps": 4}),
    ("meta_reasoner", {"rounds": 6, "stride": 2, "note_tokens": 8, "max_steps": 4}),
    ("refine", {"drafts": 2, "rounds": 2, "keep": 2, "proposals": 1, "enough": 1.0, "max_steps": 4}),
    ("self_eval_beam", {"beams": 2, "proposals": 2, "temperature": 0.2, "max_steps": 5}),
    ("phi_decoding", {"beams": 2, "candidates": 2, "foresight": 3, "least": 2, "most": 3, "max_steps": 3}),
    ("particle_gibbs", {"particles": 3, "sweeps": 3, "max_steps": 5}),
    (
        "particle_gibbs",
        {"particles": 4, "sweeps": 2, "ess_threshold": 0.7, "final": "weighted_vote", "max_steps": 4},
    ),
    ("entropic_particle_filter", {"particles": 4, "lookahead": 2, "horizon": 4, "max_steps": 5}),
    ("smc_steering", {"particles": 3, "proposals": 2, "longest": 7, "forbidden": "abcd1", "max_steps": 5}),
    ("smc_steering", {"particles": 2, "proposals": 3, "solution": "([a-f]+\\d\n?)+", "max_steps": 4}),
    ("ab_mcts", {"simulations": 12, "batch": 3, "max_depth": 5}),
    ("ab_mcts", {"simulations": 9, "batch": 1, "belief": "beta", "max_depth": 4}),
    ("mcts", {"simulations": 9, "expansion": 2, "batch": 3, "max_depth": 5}),
    ("mcts", {"simulations": 6, "rule": "puct", "evaluation": "rollout", "backup": "max", "max_depth": 4}),
    (
        "mcts",
        {
            "simulations": 8,
            "rule": "frontier",
            "uncertainty": 0.4,
            "batch": 2,
            "newborn": "certain",
            "max_depth": 4,
        },
    ),
    (
        "mcts",
        {"simulations": 8, "rule": "puct", "batch": 8, "virtual_loss": 3, "aggregation": "min", "max_depth": 4},
    ),
    ("particle_filter", {"particles": 4, "scheme": "residual", "max_steps": 5}),
    ("particle_filter", {"particles": 3, "scheme": "multinomial", "ess_threshold": 0.7, "max_steps": 5}),
]
STRATEGIES = st.sampled_from(TRIED)

BUDGETS = st.fixed_dictionaries(
    {},
    optional={
        "tokens": st.integers(1, 200),
        "policy_calls": st.integers(1, 30),
        "reward_calls": st.integers(1, 30),
        "nodes": st.integers(2, 30),
    },
)


def babble(steps: Steps, request: StepRequest) -> tuple[str, bool]:
    """A word of 1 to 8 letters; the solution ends here with the chance that the seed gives it."""
    draws = [uniform(request.seed, "babble", request.key, len(steps), t) for t in range(3)]
    word = "abcdefgh"[: 1 + int(draws[0] * 8)] + str(int(draws[1] * 3))
    return word, draws[2] < 0.3 * len(steps)


def judge(steps: Steps) -> float:
    """Between 0 and 1, with many ties."""
    return round(uniform(0, "judge", "/".join(steps), 0), 1)


def models() -> dict[str, Any]:
    policy = ScriptedPolicy(babble, certainty=lambda text: round(len(text) / 3, 6))
    return {"policy": policy, "reward": ScriptedReward(judge), "draft": ScriptedPolicy(babble)}


def hinted() -> dict[str, Any]:
    """Models that read hints."""
    return models() | {"policy": ScriptedPolicy(babble, hints=True)}


def heading(strategy: tuple[str, dict[str, Any]], budget: dict[str, int], seed: int) -> dict[str, Any]:
    return header(strategy[0], strategy[1], problem="babble", budget=budget, seed=seed, max_step_tokens=8)


@SETTINGS
@given(STRATEGIES, BUDGETS, st.integers(0, 2**40), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_replaying_any_prefix_and_going_on_gives_the_same_journal(strategy, budget, seed, crashes):
    async def check() -> None:
        head = heading(strategy, budget, seed)
        whole = await play(head, **models())
        assert [event.seq for event in whole.events] == list(range(1, len(whole.events) + 1))
        for crash in crashes:
            cut = int(crash * len(whole.events))
            assert (await play(head, whole.events[:cut], **models())).events == whole.events
        assert fold(whole.events).as_dict() == whole.outcome.tree.as_dict()

    asyncio.run(check())


@SETTINGS
@given(STRATEGIES, BUDGETS, st.integers(0, 2**40))
def test_no_budget_is_ever_exceeded_by_what_the_models_really_did(strategy, budget, seed):
    async def check() -> None:
        policy, reward, draft = ScriptedPolicy(babble), ScriptedReward(judge), ScriptedPolicy(babble)
        run = await play(heading(strategy, budget, seed), policy=policy, reward=reward, draft=draft)
        tree = run.outcome.tree
        spent = {
            "tokens": policy.rows + draft.rows,
            "policy_calls": policy.calls + draft.calls,
            "reward_calls": reward.calls + policy.verdicts,
            "nodes": len(tree),
        }
        assert all(spent[cap] <= limit for cap, limit in budget.items())
        counters = run.payloads("budget")[-1]
        assert {cap: counters[cap] for cap in spent} == spent
        if not budget:
            assert run.outcome.stopped_by == "completed"
        if run.outcome.stopped_by == "budget":
            assert run.outcome.cap in budget
        chosen = None if run.outcome.node is None else tree[run.outcome.node]
        assert chosen is None or chosen.finish == "end"

    asyncio.run(check())


KINDS = st.sampled_from(["pause", "resume", "cancel", "expand", "prune", "restore", "edit", "hint", "raise_budget"])
HANDS = st.lists(st.tuples(st.integers(1, 80), KINDS, st.integers(0, 25), st.integers(1, 3)), min_size=1, max_size=8)


def written(number: int, kind: str, node: int, n: int) -> Command:
    fields: dict[str, Any] = {"node": node} if kind in ON_NODES else {}
    if kind in ("edit", "hint"):
        fields["text"] = f"a person's words {n}"
    if kind == "expand":
        fields["n"] = n
    if kind == "raise_budget":
        fields["budget"] = {"tokens": None, "policy_calls": None, "reward_calls": None, "nodes": None}
    return Command(str(uuid5(NAMESPACE_OID, f"{number}")), kind, "ada", **fields)  # type: ignore[arg-type]


@SETTINGS
@given(STRATEGIES, BUDGETS, st.integers(0, 2**40), HANDS, st.floats(0, 1))
def test_any_sequence_of_hands_replays(strategy, budget, seed, hands, crash):
    async def check() -> None:
        head = heading(strategy, budget, seed)
        head["policy"]["template"] |= {"hint": "Hint: {hint}\n", "supports_hints": True}
        events: list[Event] = []
        commands = [written(i, kind, node, n) for i, (_, kind, node, n) in enumerate(hands)]
        at: dict[int, list[Command]] = {}
        for (seq, _, _, _), command in zip(hands, commands, strict=True):
            at.setdefault(seq, []).append(command)
        resume = Command(str(uuid5(NAMESPACE_OID, "resume")), "resume", "ada")
        run = await play(head, at=at, **hinted())
        if run.outcome.state == "paused":
            run = await play(head, run.events, commands=[resume], **hinted())
        events = run.events
        if run.outcome.state != "paused":  # a command that came at the resumed run's own events may pause it again
            assert events[-1].kind == "finished"
        await _replays(head, events)
        cut = int(crash * len(events))
        await _replays(head, events[:cut])
        late = [written(100 + i, kind, node, n) for i, (_, kind, node, n) in enumerate(hands)]
        more = await play(head, events, commands=late, **hinted())
        await _replays(head, more.events)

    asyncio.run(check())


async def _replays(head: dict[str, Any], events: list[Event]) -> None:
    """The journal replays, folds to the same tree, and nothing of it is written anew."""
    new: list[Event] = []
    outcome = await run_search(
        head,
        events,
        **hinted(),
        sink=lambda seq, kind, payload: new.append(Event(seq, kind, payload)),
        clock=lambda: 0.0,
        replay_finished=True,
    )
    assert fold([*events, *new]).as_dict() == outcome.tree.as_dict()
    if events and events[-1].kind == "finished":
        assert new == []


@SETTINGS
@given(st.integers(0, 2**40))
def test_a_diamond_backs_its_shared_ancestor_up_once(seed):
    from tests.search.support.merging import Merging

    async def check() -> None:
        run = await play(header(Merging.name, problem="babble", seed=seed), **models())
        for payload in run.payloads("backed_up"):
            assert len(payload["path"]) == len(set(payload["path"]))
        assert run.outcome.tree.root.visits == len(run.payloads("backed_up")) == 3

    asyncio.run(check())


@SETTINGS
@given(st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=3), min_size=1, max_size=40), st.data())
def test_ancestors_of_random_dags_are_each_named_once_leaf_first(rows, data):
    events = [_added(0, [])] + [
        _added(i, list(dict.fromkeys(p % i for p in parents))) for i, parents in enumerate(rows, start=1)
    ]
    tree = fold(Event(seq, e.kind, e.payload) for seq, e in enumerate(events, start=1))
    leaf = tree[data.draw(st.integers(0, len(tree) - 1))]
    named = [node.index for node in tree.ancestors(leaf)]
    reached: Callable[[int], set[int]] = lambda i: {i}.union(*(reached(p) for p in tree[i].parents))  # noqa: E731
    assert named == sorted(reached(leaf.index), reverse=True)


def _added(index: int, parents: list[int]) -> Event:
    return Event(
        0,
        "node_added",
        {"index": index, "parents": parents, "depth": index, "kind": "step", "key": f"{index}", "text": "", "tokens": 0,
         "finish": None, "logprob": None, "prior": None},
    )  # fmt: skip
