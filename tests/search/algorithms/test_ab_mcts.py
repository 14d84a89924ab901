"""AB-MCTS-A: every posterior, draw and choice of whole runs against a computation from scratch."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from search.algorithms import ab_mcts
from search.randomness import uniform
from search.reducer import fold
from tests.search.algorithms.puzzle import path, solve, texts
from tests.search.support.runs import Run, header, play

WORDS = {"": ["a", "b"], "a": ["a1.", "a2"], "b": ["b1.", "b2."], "a2": ["a3.", "a4."]}
REWARDS = {"a": 0.4, "b": 0.6, "a1": 0.9, "a2": 0.5, "b1": 0.2, "b2": 0.1, "a3": 0.7, "a4": 0.3}


def below(tree, node, *, deeper: bool) -> list[float]:
    """The scores of what was sampled below a node: its children's, or those of everything farther down."""
    return [n.reward for n in tree.subtree(node)[1:] if n.reward is not None and (n.depth > node.depth + 1) is deeper]


def gaussian(scores: list[float]) -> dict[str, float]:
    """The posterior after all scores at once (Murphy, "Probabilistic Machine Learning: Advanced Topics", 3.4.3.3)."""
    n, mean = len(scores), float(np.mean(scores)) if scores else 0.0
    spread = float(np.var(scores)) * n if scores else 0.0
    return {"m": n * mean / (1 + n), "kappa": 1 + n, "nu": 1 + n, "n": n,
            "tau2": (0.1 + spread + n * mean**2 / (1 + n)) / (1 + n)}  # fmt: skip


def beta(scores: list[float]) -> dict[str, float]:
    return {"alpha": 0.5 + math.fsum(scores), "beta": 0.5 + math.fsum(1 - s for s in scores), "n": len(scores)}


class Draws:
    """The stream the strategy draws from, read once more."""

    def __init__(self, seed: int) -> None:
        self._seed, self._count = seed, 0

    def next(self) -> float:
        self._count += 1
        return uniform(self._seed, "draw", "thompson", self._count - 1)

    def check(self, said: dict[str, float], posterior: dict[str, float]) -> None:
        """The parameters, and that the draw is the one these parameters and this place in the stream give."""
        assert {name: said[name] for name in posterior} == pytest.approx(posterior)
        if "alpha" in posterior:
            cdf = mpmath.betainc(posterior["alpha"], posterior["beta"], 0, said["draw"], regularized=True)
            assert float(cdf) == pytest.approx(self.next(), abs=1e-9)
            return
        u, v, nu = self.next(), self.next(), posterior["nu"]
        t = math.sqrt(nu * ((1 - u) ** (-2 / nu) - 1)) * math.cos(2 * math.pi * v)
        assert said["draw"] == pytest.approx(posterior["m"] + math.sqrt(posterior["tau2"] / posterior["kappa"]) * t)


def check_every_choice(run: Run, seed: int, posterior) -> int:
    """Walk all simulations again with beliefs computed from scratch; how many choices were made."""
    draws, choices = Draws(seed), 0
    for event in run.events:
        if event.kind != "selected":
            continue
        first = next(e.seq for e in run.events if e.seq >= event.seq and e.kind in ("generate", "finished"))
        seen = [e.seq for e in run.events if e.seq < first and e.kind not in ("selected",)]
        tree = fold(run.events[: seen[-1]])  # a batch's draws all know what was there before it
        walked = [entry["node"] for entry in event.payload["nodes"]]
        at = tree.root
        for number, choice in enumerate(event.payload["detail"]["choices"]):
            assert choice["node"] == at.index == walked[number]
            draws.check(choice["wider"], posterior(below(tree, at, deeper=False)))
            draws.check(choice["deeper"], posterior(below(tree, at, deeper=True)))
            choices += 1
            if choice["wider"]["draw"] >= choice["deeper"]["draw"]:
                assert len(walked) == number + 1
                assert "children" not in choice
                break
            arms = [child for child in tree.children(at) if child.status in ("open", "expanded")]
            said = {child["node"]: child for child in choice["children"]}
            assert (sorted(said), choice["of"]) == ([arm.index for arm in arms], len(arms))
            for arm in arms:
                draws.check(said[arm.index], posterior([arm.reward, *(n.reward for n in tree.subtree(arm)[1:])]))
            at = max(arms, key=lambda arm: said[arm.index]["draw"])
            assert walked[number + 1] == at.index
        else:
            assert not [c for c in tree.children(at) if c.status in ("open", "expanded")]  # a leaf, or all ended
            assert walked[-1] == at.index
    return choices


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("belief", "posterior"), [("gaussian", gaussian), ("beta", beta)])
async def test_posteriors_draws_and_choices_of_whole_runs(seed, belief, posterior, monkeypatch):
    monkeypatch.setattr(ab_mcts, "SHOWN", 99)
    params = {"simulations": 14, "batch": 1, "belief": belief}
    run, policy, _ = await solve("ab_mcts", params, WORDS, REWARDS, seed=seed)
    assert check_every_choice(run, seed, posterior) >= 13  # the first simulation finds a leaf and nothing to choose
    assert [len(batch) for batch in policy.batches] == [1] * 14


async def test_a_batch_draws_for_each_of_its_nodes_and_samples_them_in_one_call():
    run, policy, _ = await solve("ab_mcts", {"simulations": 12, "batch": 4}, WORDS, REWARDS, seed=3)
    assert [len(batch) for batch in policy.batches] == [4, 4, 4]
    assert [request.key for request in policy.batches[0]] == ["0.0", "0.1", "0.2", "0.3"]  # all at the root: wider
    assert check_every_choice(run, 3, gaussian) > 0


async def test_of_many_children_the_highest_draws_are_recorded(monkeypatch):
    monkeypatch.setattr(ab_mcts, "SHOWN", 2)
    run, _, _ = await solve("ab_mcts", {"simulations": 24, "batch": 1}, {"": ["a"], "a": ["b."]}, {"a": 0.4, "b": 0.9})
    choices = [c for p in run.payloads("selected") for c in p["detail"]["choices"] if c.get("of", 0) > 2]
    assert choices
    for choice in choices:
        first, second = choice["children"]
        assert first["draw"] >= second["draw"]


async def test_scores_go_to_the_beliefs_the_paper_names():
    run, _, _ = await solve("ab_mcts", {"simulations": 20, "batch": 1}, WORDS, REWARDS, seed=2)
    tree = run.outcome.tree
    last = [p for p in run.payloads("selected") if p["rule"] == "thompson"][-1]
    choice = last["detail"]["choices"][0]
    # Before the last node came: what the root's children scored is wider's, all else is deeper's.
    others = [node for node in tree.nodes[1:-1] if node.reward is not None]
    assert choice["wider"]["n"] == sum(node.depth == 1 for node in others)
    assert choice["deeper"]["n"] == sum(node.depth > 1 for node in others)
    assert choice["wider"]["n"] + choice["deeper"]["n"] == 19


async def test_values_and_visits_are_backed_up_and_the_best_end_answers():
    run, _, _ = await solve("ab_mcts", {"simulations": 16, "batch": 2}, WORDS, REWARDS, seed=1)
    tree = run.outcome.tree
    assert tree.root.visits == 16
    assert tree.root.value == pytest.approx(np.mean([node.reward for node in tree.nodes[1:]]))
    assert path(run)[-1] == max((n for n in tree.nodes if n.finish == "end"), key=lambda n: n.reward).text


async def test_where_every_child_has_ended_wider_is_all_there_is():
    run, _, _ = await solve("ab_mcts", {"simulations": 3, "batch": 1}, {"": ["a.", "b."]}, {"a": 0.1, "b": 0.2})
    assert [p["detail"]["choices"] for p in run.payloads("selected")] == [[], [], []]
    assert [texts(run, p["nodes"]) for p in run.payloads("selected")] == [["a puzzle"]] * 3


async def test_at_the_greatest_depth_it_goes_wider():
    run = await play(header("ab_mcts", {"simulations": 30, "max_depth": 2}))
    assert max(node.depth for node in run.outcome.tree.nodes) == 2


async def test_a_score_that_beta_cannot_take_is_named():
    with pytest.raises(ValueError, match="choose belief = gaussian"):
        await solve("ab_mcts", {"simulations": 2, "belief": "beta"}, {"": ["a."]}, {"a": 1.5})
