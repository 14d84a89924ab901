"""Joining the embedded process reward with the verifier: the weights, fitted on outcomes of training problems.

The reward was taught which steps come right, and ranks solutions of different problems; the verifier ranks those of one
problem (`search/demo/verifier.py`). A logistic regression over the two scores' log odds says how much each counts.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import torch

from search.demo.checkpoint import WEIGHTS
from search.demo.trajectories import Trajectory, exported_policy_step, read_trajectories, trajectories_file
from search.models import EMBEDDED_JOINED
from search.rewards.base import ScoreRequest
from search.rewards.joined import KIND, Join, load_join, log_odds
from search.templates import EMBEDDED_REWARD

SEED = 6
PROBLEMS = {"countdown": 500, "arithmetic": 1200}
SOLUTIONS = 4
PENALTY = 1e-4
"""On the squared weights of the standardised log odds."""

FOLDER = WEIGHTS / "joined"
MEMBERS = (("../process_reward", "trl"), ("../verifier", "surprise"))


def write_join() -> dict[str, Any]:
    """Fit the weights on the exported policy's trajectories and write `weights/joined/espalier.json`."""
    unfitted = Join.model_validate(settings(0.0, [0.0] * len(MEMBERS), {}))  # its members' scores are what is fitted
    reward = load_join(EMBEDDED_JOINED, FOLDER, unfitted, {})
    solutions, outcomes = drawn()
    asked = [ScoreRequest(solution.problem, tuple(solution.steps), True) for solution in solutions]
    scored = asyncio.run(reward.score_members(asked))
    rows = [[log_odds(path.steps[step]) for path in paths] for paths in scored for step in range(len(paths[0].steps))]
    labels = [label for solution in outcomes for label in solution]
    intercept, weights = fit(torch.tensor(rows, dtype=torch.float64), torch.tensor(labels, dtype=torch.float64))
    problems = len({solution.problem for solution in solutions})
    fitted = {"policy_step": exported_policy_step(), "seed": SEED, "problems": problems, "solutions": len(solutions)}
    unfinished = FOLDER / "espalier.json.unfinished"
    unfinished.write_text(json.dumps(settings(intercept, weights, {**fitted, "steps": len(rows)}), indent=2) + "\n")
    unfinished.rename(FOLDER / "espalier.json")
    return {"intercept": intercept, "weights": weights, **fitted}


def drawn() -> tuple[list[Trajectory], list[list[float]]]:
    """Training solutions of the exported policy, and for each of their steps whether it came right.

    In Arithmetic a step is right if any of the problem's drawn solutions through it verifies; in Countdown, where
    hardly two share a step, if its own does.
    """
    solutions: list[Trajectory] = []
    labels: list[list[float]] = []
    for some in _drawn():
        good = {tuple(one.steps[: step + 1]) for one in some if one.good for step in range(len(one.steps))}
        solutions += some
        labels += [[float(tuple(one.steps[: step + 1]) in good) for step in range(len(one.steps))] for one in some]
    return solutions, labels


def fitted_problems() -> set[str]:
    """The texts of the problems that the join is fitted on, which its members should not have learned."""
    return {some[0].problem for some in _drawn()}


def _drawn() -> Iterator[list[Trajectory]]:
    """Some solutions of each problem of the fit."""
    problems = list(read_trajectories(trajectories_file(exported_policy_step())))
    random.Random(SEED).shuffle(problems)
    left = dict(PROBLEMS)
    for group in problems:
        domain = "countdown" if " -> " in group[0].problem else "arithmetic"
        if left[domain]:
            left[domain] -= 1
            yield group[:SOLUTIONS]


def fit(log_odds_of: torch.Tensor, labels: torch.Tensor) -> tuple[float, list[float]]:
    """Intercept and weights of a logistic regression; (n, members) and (n,), float64."""
    mean, deviation = log_odds_of.mean(0), log_odds_of.std(0)
    inputs = (log_odds_of - mean) / deviation
    weights = torch.zeros(inputs.shape[1], dtype=torch.float64, requires_grad=True)
    intercept = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, intercept], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        told = torch.nn.functional.binary_cross_entropy_with_logits(inputs @ weights + intercept, labels)
        value: torch.Tensor = told + PENALTY * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    scaled = weights.detach() / deviation
    return round(float(intercept.detach() - scaled @ mean), 4), [round(float(weight), 4) for weight in scaled]


def settings(intercept: float, weights: list[float], fitted: dict[str, Any]) -> dict[str, Any]:
    """The join's espalier.json."""
    members = [
        {"folder": folder, "kind": kind, "template": EMBEDDED_REWARD.as_dict(), "dtype": "float64", "weight": weight}
        for (folder, kind), weight in zip(MEMBERS, weights, strict=True)
    ]
    return {"kind": KIND, "intercept": intercept, "members": members, "fitted": fitted}
