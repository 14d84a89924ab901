"""Self-evaluation guided beam search on trees worked out by hand: what the policy believes stands in a table."""

from __future__ import annotations

import math
from typing import Any

import pytest

from search.policies.base import PolicyError
from search.randomness import uniform
from search.spec import RunSpec, header_of
from tests.search.algorithms.puzzle import path, texts
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, from_table

WORDS = {"": ["a", "b", "c", "d"], "a": ["e", "f."], "b": ["g.", "h"], "d": ["i", "j"]}
LOGPROBS = {"a": -0.1, "b": -0.2, "c": -0.3, "d": -1.0, "e": -0.5, "f": -0.1, "g": -0.7, "h": -0.4, "i": -1, "j": -1}
BELIEFS = {"a": 0.5, "b": 0.9, "c": 0.4, "d": 0.95, "e": 0.2, "f": 0.3, "g": 0.8, "h": 0.1, "i": 0.1, "j": 0.1}
TWO = {"beams": 2, "proposals": 2}
COLD = 1e-4  # a temperature at which the draw takes the best


async def believe(
    params: dict[str, Any], words: dict[str, list[str]] = WORDS, **more: Any
) -> tuple[Run, ScriptedPolicy]:
    """A run of a policy that writes `words` and believes in them as `beliefs` says."""
    beliefs = more.pop("beliefs", BELIEFS)
    policy = ScriptedPolicy(
        lambda steps, request: from_table({steps: words[steps[-1] if steps else ""]})(steps, request),
        logprobs=more.pop("logprobs", LOGPROBS),
        asked=lambda steps: beliefs[steps[-1]],
    )
    head = header("self_eval_beam", params, reward=False, **{"problem": "a puzzle", **more})
    return await play(head, policy=policy), policy


def terms(run: Run, step: int) -> dict[str, dict[str, Any]]:
    """What the draw of a step said of each path."""
    events = [e for e in run.events if e.kind in ("selected", "pruned") and e.payload["rule"] == "self_eval_beam"]
    seqs = [e.seq for e in events if e.kind == "selected"]
    mine = [e for e in events if e.seq in (seqs[step], seqs[step] + 1)]
    return {texts(run, [entry])[0]: entry["terms"] for e in mine for entry in e.payload["nodes"]}


async def test_a_path_is_worth_the_mean_of_its_likelihoods_and_beliefs():
    run, policy = await believe({**TWO, "temperature": COLD})
    first, second = terms(run, 0), terms(run, 1)
    assert {name: (t["P"], t["C"]) for name, t in first.items()} == {
        name: (pytest.approx(math.exp(LOGPROBS[name])), BELIEFS[name]) for name in "abcd"
    }
    # √(P · C): b .858, a .673, d .591, c .544
    assert {name: t["E"] for name, t in first.items()} == {
        name: pytest.approx(math.sqrt(math.exp(LOGPROBS[name]) * BELIEFS[name])) for name in "abcd"
    }
    # two steps: the fourth root of the product of both, for the children of b and a
    assert second["g"]["E"] == pytest.approx((math.exp(-0.2 - 0.7) * 0.9 * 0.8) ** 0.25)
    assert second["f"]["E"] == pytest.approx((math.exp(-0.1 - 0.1) * 0.5 * 0.3) ** 0.25)
    assert sorted(second) == ["e", "f", "g", "h"]
    tree = run.outcome.tree
    assert (tree.counters.reward_calls, policy.calls) == (8, 8)  # every proposal is asked about once
    assert all(node.reward is None for node in tree.nodes)


@pytest.mark.parametrize(
    ("balance", "kept"),
    [(0.5, ["b", "a"]), (1.0, ["a", "b"]), (0.0, ["d", "b"])],  # both; the likeliest; the most believed
)
async def test_lambda_weighs_likelihood_against_belief(balance, kept):
    run, _ = await believe({**TWO, "temperature": COLD, "balance": balance, "max_steps": 1})
    assert texts(run, run.payloads("selected")[0]["nodes"]) == kept


async def test_beams_are_drawn_without_replacement_by_a_temperature_that_decays():
    run, _ = await believe({**TWO, "temperature": 0.5, "decay": 0.25, "max_steps": 2})
    assert [p["detail"]["temperature"] for p in run.payloads("selected")] == [0.5, 0.125]
    first = terms(run, 0)
    heat = {name: math.exp(first[name]["E"] / 0.5) for name in "abcd"}
    assert {name: first[name]["weight"] for name in "abcd"} == {
        name: pytest.approx(heat[name] / sum(heat.values())) for name in "abcd"
    }
    left, expected = list("abcd"), []
    for number in range(2):
        mark, name = uniform(1, "draw", "self_eval_beam", number) * sum(heat[x] for x in left), left[0]
        for name in left:
            mark -= heat[name]
            if mark < 0:
                break
        left.remove(name)
        expected.append(name)
    assert texts(run, run.payloads("selected")[0]["nodes"]) == expected


async def test_a_finished_beam_stays_in_the_draw_until_something_better_comes():
    words = {"": ["a.", "b", "c", "d"], "b": ["g.", "h"], "g": [], "a": []}
    run, _ = await believe({**TWO, "temperature": COLD, "final": "best"}, words)
    # step 1: b and the answer a; step 2: b's children g (.84 · .9…) and h against a, which is still there
    assert texts(run, run.payloads("selected")[0]["nodes"]) == ["b", "a"]
    assert sorted(terms(run, 1)) == ["a", "g", "h"]
    assert texts(run, run.payloads("selected")[1]["nodes"]) == ["g", "a"]
    assert path(run) == ["b", "g"]


async def test_the_finished_beams_vote():
    words = {"": ["answer: 9.", "answer: 10.", "answer: 10 ."]}
    beliefs = {"answer: 9": 0.9, "answer: 10": 0.3, "answer: 10 ": 0.4}
    logprobs = dict.fromkeys(beliefs, 0.0)
    asked = {"words": words, "beliefs": beliefs, "logprobs": logprobs, "problem": "8 - 4 + 2 * 3"}
    run, _ = await believe({"beams": 3, "proposals": 1}, **asked)
    assert run.events[-1].payload["votes"] == [
        ["10", pytest.approx(math.sqrt(0.3) + math.sqrt(0.4)), 2],
        ["9", pytest.approx(math.sqrt(0.9)), 1],
    ]
    best, _ = await believe({"beams": 3, "proposals": 1, "final": "best"}, **asked)
    assert path(best) == ["answer: 9"]


def test_a_policy_that_cannot_be_asked_is_refused():
    asked = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "self_eval_beam", "reward": None}
    spec = RunSpec.model_validate(asked)
    with pytest.raises(PolicyError, match="cannot be asked whether its solution is right"):
        header_of(spec, ScriptedPolicy(lambda steps, request: ("", True)), None)
