"""φ-Decoding on trees worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from search.randomness import uniform
from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import Run

WORDS = {"": ["a", "b", "c", "d"], "a": ["go on."], "b": ["go on."], "c": ["stop."]}
LOGPROBS = {"a": -0.2, "b": -0.3, "c": -0.1, "d": -2.0, "go on": -0.5, "stop": -0.1}  # nats per token
ONE = {"beams": 1, "candidates": 4, "clusters": 2}


def decisions(run: Run, kind: str, rule: str) -> list[dict[str, Any]]:
    return [payload for payload in run.payloads(kind) if payload["rule"] == rule]


def terms(run: Run) -> dict[str, dict[str, Any]]:
    """What the first draw said of each candidate."""
    entries = [e for kind in ("selected", "pruned") for e in decisions(run, kind, "phi_decoding")[0]["nodes"]]
    return {texts(run, [entry])[0]: {**entry["terms"], "weight": entry["score"]} for entry in entries}


async def test_a_step_of_exceptionally_low_confidence_is_not_simulated():
    run, policy, _ = await solve("phi_decoding", ONE, WORDS, logprobs=LOGPROBS)
    (pruned,) = decisions(run, "pruned", "phi_width")
    # mean -2.6 / 4 = -.65, variance (.45² + .35² + .55² + 1.35²) / 4 = .6125
    assert texts(run, pruned["nodes"]) == ["d"]
    assert pruned["cutoff"] == pytest.approx(-0.65 - math.sqrt(0.6125))
    assert pruned["nodes"][0]["score"] == pytest.approx(-2.0)
    assert pruned["detail"] == {"mean": pytest.approx(-0.65), "deviation": pytest.approx(math.sqrt(0.6125))}
    assert [request.key for request in policy.batches[1]] == ["0.0.r0.0", "0.1.r0.0", "0.2.r0.0"]


async def test_a_candidate_is_worth_its_futures_advantage_and_alignment():
    run, _, reward = await solve("phi_decoding", ONE, WORDS, logprobs=LOGPROBS)
    found = terms(run)
    assert {n: (t["F"], t["A"], t["C"], t["cluster"], t["future"]) for n, t in found.items()} == {
        "a": (pytest.approx(-0.5), pytest.approx(-0.5), pytest.approx(2 / 3), 0, "go on"),
        "b": (pytest.approx(-0.5), pytest.approx(-0.5), pytest.approx(2 / 3), 0, "go on"),
        "c": (pytest.approx(-0.1), pytest.approx(-0.1), pytest.approx(1 / 3), 1, "stop"),
    }
    # R = softmax(A / .6) + softmax(C / .6); the weights are exp(R / .1)
    gain, share = [math.exp(a / 0.6) for a in (-0.5, -0.5, -0.1)], [math.exp(c / 0.6) for c in (2 / 3, 2 / 3, 1 / 3)]
    worth = [g / sum(gain) + s / sum(share) for g, s in zip(gain, share, strict=True)]
    weights = [math.exp(r / 0.1) for r in worth]
    assert [found[name]["weight"] for name in "abc"] == pytest.approx([w / sum(weights) for w in weights])
    assert reward.calls == 0


@pytest.mark.parametrize("seed", range(1, 7))
async def test_the_draw_follows_the_weights_and_the_runs_seed(seed):
    run, _, _ = await solve("phi_decoding", ONE, WORDS, logprobs=LOGPROBS, seed=seed)
    weights, mark, expected = terms(run), uniform(seed, "draw", "phi_decoding", 0), ""
    for expected in "abc":
        mark -= weights[expected]["weight"]
        if mark < 0:
            break
    assert path(run)[0] == expected


async def test_the_advantage_is_the_gain_over_the_last_step():
    run, _, _ = await solve("phi_decoding", ONE, WORDS, logprobs=LOGPROBS)
    before = terms(run)[path(run)[0]]["F"]
    second = decisions(run, "selected", "phi_decoding")[1]["nodes"][0]["terms"]
    # the next step ends the solution: its future is empty, of log-probability 0, and all four are the same text
    assert second == {"F": 0.0, "A": pytest.approx(-before), "C": 1.0, "cluster": 0, "future": path(run)[1]}


async def test_it_stops_simulating_once_the_futures_agree_and_not_before_its_time():
    told = lambda run: [  # noqa: E731
        (p["detail"]["step"], p["detail"]["largest_cluster"], p["detail"]["stop"])
        for p in decisions(run, "selected", "phi_decoding")
    ]
    early, policy, _ = await solve("phi_decoding", {**ONE, "least": 1, "depth_share": 0.6}, WORDS, logprobs=LOGPROBS)
    assert told(early) == [(1, pytest.approx(2 / 3), True)]
    assert [len(batch) for batch in policy.batches] == [4, 3, 1]  # candidates, futures, the completion
    late, _, _ = await solve("phi_decoding", {**ONE, "least": 2, "depth_share": 0.6}, WORDS, logprobs=LOGPROBS)
    assert told(late) == [(1, pytest.approx(2 / 3), False), (2, 1.0, True)]
    strict, _, _ = await solve("phi_decoding", {**ONE, "least": 1, "depth_share": 0.7}, WORDS, logprobs=LOGPROBS)
    assert [stop for _, _, stop in told(strict)] == [False, True]


async def test_the_whole_futures_are_told():
    words = {"": ["a"], "a": ["b"], "b": ["c."]}
    run, _, _ = await solve("phi_decoding", {"beams": 1, "candidates": 1}, words)
    told = [p["detail"]["futures"] for p in decisions(run, "selected", "phi_decoding")]
    assert told == [[[1, "b\nc"]], [[2, "c"]], [[3, "c"]]]


async def test_at_the_end_one_of_the_finished_paths_is_drawn_by_whole_paths():
    words = {"": ["a b.", "a c.", "x y."]}
    logprobs = {"a b": -0.4, "a c": -0.2, "x y": -0.9}
    params = {"beams": 3, "candidates": 1, "clusters": 2, "width_sigma": 10}
    run, _, _ = await solve("phi_decoding", params, words, logprobs=logprobs)
    (final,) = decisions(run, "selected", "phi_final")
    found = {texts(run, [e])[0]: (e["terms"]["F"], e["terms"]["C"]) for e in final["nodes"]}
    assert found == {
        "a b": (pytest.approx(-0.4), pytest.approx(2 / 3)),
        "a c": (pytest.approx(-0.2), pytest.approx(2 / 3)),
        "x y": (pytest.approx(-0.9), pytest.approx(1 / 3)),
    }
    assert path(run) == texts(run, final["nodes"][:1])
    assert run.events[-1].payload["rule"] == "drawn by advantage and alignment"
