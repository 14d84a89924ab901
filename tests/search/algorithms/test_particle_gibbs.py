"""Particle Gibbs on populations worked out by hand."""

from __future__ import annotations

import pytest

from search.randomness import uniform
from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import command

WORDS = {"": ["p", "q"], "p": ["p1.", "p2."], "q": ["q1.", "q2."]}
REWARDS = {"p": 0.5, "q": 0.75, "p1": 0.5, "p2": 0.5, "q1": 0.8, "q2": 0.2}
TWO = {"particles": 2, "sweeps": 2}


def u(seed: int, name: str, count: int) -> float:
    return uniform(seed, "draw", name, count)


# p and q weigh 1/4 and 3/4: both places go to q; q1 (odds 4) and q2 (odds 1/4) weigh 16/17 and 1/17: q1 is drawn.
# The second sweep's one free place goes to q, the reference's own step, once more.
SEED = next(
    s for s in range(500) if min(u(s, "resample", i) for i in range(3)) >= 0.25 and u(s, "reference", 0) < 16 / 17
)
# … or to the new p.
OTHER = next(
    s
    for s in range(500)
    if min(u(s, "resample", 0), u(s, "resample", 1)) >= 0.25 > u(s, "resample", 2) and u(s, "reference", 0) < 16 / 17
)


async def test_the_reference_is_drawn_from_the_final_weights_and_the_others_are_let_go():
    run, _, _ = await solve("particle_gibbs", TWO, WORDS, REWARDS, seed=SEED)
    (drawn,) = [p for p in run.payloads("selected") if p["rule"] == "reference"]
    assert texts(run, drawn["nodes"]) == ["a puzzle", "q", "q1"]
    assert drawn["nodes"][-1]["terms"] == {"sweep": 1, "weight": pytest.approx(16 / 17)}
    (gone,) = run.payloads("pruned")
    assert (gone["rule"], texts(run, gone["nodes"])) == ("not_retained", ["q2"])
    assert gone["nodes"][0]["score"] == pytest.approx(1 / 17)


async def test_the_reference_keeps_a_place_at_every_step_with_the_reward_of_its_own_prefix():
    run, policy, _ = await solve("particle_gibbs", TWO, WORDS, REWARDS, seed=SEED)
    first, second, third, fourth = run.payloads("resampled")
    assert [p["step"] for p in (first, second, third, fourth)] == [1, 2, 1, 2]
    assert [p["detail"]["reference"] for p in (first, third)] == [[], [0, 2, 3]]
    # The new p against the reference's first step, q: 3/4 by q's reward .75, not by q1's .8, one step ahead.
    assert [(p["node"], p["weight"], p["offspring"]) for p in third["particles"]] == [
        (5, pytest.approx(0.25), 0), (2, pytest.approx(0.75), 2),
    ]  # fmt: skip
    # The free particle goes on from q by itself: q's third child, q1 again, as good as the reference.
    assert [[request.key for request in batch] for batch in policy.batches] == [
        ["0.0", "0.1"], ["0.1.0", "0.1.1"], ["0.2"], ["0.1.2"],
    ]  # fmt: skip
    assert [(p["node"], p["weight"]) for p in fourth["particles"]] == [(6, pytest.approx(0.5)), (3, pytest.approx(0.5))]
    assert not fourth["resampled"]
    assert path(run) == ["q", "q1"]


async def test_a_free_particle_may_leave_the_reference_which_goes_on_alone():
    run, policy, _ = await solve("particle_gibbs", TWO, WORDS, REWARDS, seed=OTHER)
    third, fourth = run.payloads("resampled")[2:]
    assert [p["offspring"] for p in third["particles"]] == [1, 1]
    assert [request.key for request in policy.batches[3]] == ["0.2.0"]  # below the new p: p1, odds 1 against 4
    assert [(p["node"], p["weight"]) for p in fourth["particles"]] == [(6, pytest.approx(0.2)), (3, pytest.approx(0.8))]


async def test_a_longer_reference_goes_on_after_the_free_particles_have_ended():
    words = {"": ["a", "b."], "a": ["a1"], "a1": ["a2."]}
    rewards = {"a": 0.5, "a1": 0.5, "a2": 0.9999999, "b": 0.0000001}
    run, _, _ = await solve("particle_gibbs", {**TWO, "ess_threshold": 0.0}, words, rewards, seed=1)
    sweeps = run.payloads("resampled")
    # The first sweep: a goes on three steps and is drawn. The second: its third child of the root is a again.
    assert [p["step"] for p in sweeps] == [1, 2, 3, 1, 2, 3]
    assert [p["particles"][-1]["node"] for p in sweeps[3:]] == [1, 3, 4]


async def test_one_sweep_is_a_particle_filter():
    gibbs, _, _ = await solve("particle_gibbs", {"particles": 4, "sweeps": 1}, WORDS, REWARDS, seed=3)
    filtered, _, _ = await solve("particle_filter", {"particles": 4, "scheme": "multinomial"}, WORDS, REWARDS, seed=3)
    assert [{**p, "detail": None} for p in gibbs.payloads("resampled")] == [
        {**p, "detail": None} for p in filtered.payloads("resampled")
    ]
    assert gibbs.outcome.node == filtered.outcome.node


async def test_a_reference_that_a_person_cuts_is_given_up():
    undisturbed, _, _ = await solve("particle_gibbs", TWO, WORDS, REWARDS, seed=SEED)
    third = next(e.seq for e in undisturbed.events if e.kind == "resampled" and e.payload["detail"]["reference"])
    grown = max(e.seq for e in undisturbed.events if e.seq < third and e.kind == "generate")
    run, _, _ = await solve("particle_gibbs", TWO, WORDS, REWARDS, seed=SEED, at={grown: [command("prune", node=2)]})
    later = [p for p in run.payloads("resampled") if p["step"] == 1][1]
    assert later["detail"]["reference"] == []
    assert [p["node"] for p in later["particles"]] == [5]
    assert path(run)[0] == "p"
