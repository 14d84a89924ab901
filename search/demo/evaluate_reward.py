"""How well a reward ranks the policy's steps on held-out problems, against the exact truth."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import torch

from search.demo.judged_steps import Judged, judged_steps
from search.demo.sample_trees import decides, numbers_left
from search.demo.statistics import Figure, area_under_curve, bootstrap
from search.demo.tokenizer import DELIMITER, build_tokenizer
from search.models import load_reward
from search.rewards.base import ScoreRequest

ROWS_AT_ONCE = 256

Scored = list[list[tuple[float, bool]]]
"""(score, truth) pairs, those of one problem together."""


Asked = Sequence[tuple[str, Sequence[str], bool]]
"""Problem, steps, and whether they are finished."""
Scorer = Callable[[Asked], list[list[float]]]
"""A score for every step of each."""


def evaluate_reward(slug: str, count: int, split: str = "dev") -> dict[str, dict[str, Figure]]:
    """The figures of a reward by its slug or folder, on `count` problems a domain."""
    reward = load_reward(slug)

    def scores(asked: Asked) -> list[list[float]]:
        requests = [ScoreRequest(problem, tuple(steps), finished) for problem, steps, finished in asked]
        return [list(path.steps) for path in asyncio.run(reward.score(requests))]

    return {
        domain: reward_figures(scores, judged_steps(domain, split, count), domain)
        for domain in ("countdown", "arithmetic")
    }


def reward_figures(score: Scorer, judged: Judged, domain: str) -> dict[str, Figure]:
    """AUC of step scores against reachability and of last scores against the outcome, and accuracy on pairs."""
    kinds: dict[str, Callable[[str], bool]] = {
        "AUC, all steps": lambda _: True,
        "AUC, something left to decide": decides,
    }
    if domain == "countdown":
        for left in (3, 4, 5):
            kinds[f"AUC, {left} numbers left"] = lambda step, left=left: numbers_left(step) == left  # type: ignore[misc]
    scores = score([(s.problem, s.steps, True) for s in judged.solutions])
    rows = list(zip(judged.solutions, scores, strict=True))
    figures = {}
    for name, belongs in kinds.items():
        groups: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for solution, values in rows:
            for step, value, truth in zip(solution.steps, values, solution.reachable, strict=True):
                if belongs(step):
                    groups[solution.problem].append((value, truth))
        figures[name] = bootstrap(list(groups.values()), area_under_curve)
    if domain == "countdown":
        # What the count of numbers left tells by itself: the share of the AUC that takes no judgement.
        figures["AUC of the count of numbers left alone"] = bootstrap(
            [
                [(numbers_left(step), truth) for step, truth in zip(s.steps, s.reachable, strict=True) if decides(step)]
                for s in judged.solutions
            ],
            area_under_curve,
        )
    last: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for solution, values in rows:
        last[solution.problem].append((values[-1], solution.good))
    figures["AUC, last step against outcome"] = bootstrap(list(last.values()), area_under_curve)
    pairs = [won for group in last.values() if (won := _pairs_won(group))]
    figures["right above wrong, same problem"] = bootstrap([[(mean_score(won), True)] for won in pairs], mean_score)
    return figures | _sibling_figures(score, judged, domain)


def _pairs_won(scored: Sequence[tuple[float, bool]]) -> list[tuple[float, bool]]:
    """For every right and wrong one, 1 if the right one has the higher score, 0.5 for a tie."""
    return [
        (1.0 if right > wrong else 0.5 if right == wrong else 0.0, True)
        for (right, is_right), (wrong, is_wrong) in product(scored, scored)
        if is_right and not is_wrong
    ]


def _sibling_figures(score: Scorer, judged: Judged, domain: str) -> dict[str, Figure]:
    asked = [(s.problem, [*s.prefix, step], False) for s in judged.siblings for step in s.steps]
    scores = iter(score(asked))
    groups: dict[int, Scored] = defaultdict(list)
    for siblings in judged.siblings:
        won = _pairs_won([(next(scores)[-1], truth) for truth in siblings.reachable])
        if won:
            left = numbers_left(siblings.steps[0]) if domain == "countdown" else 0
            groups[left].append(won)
    everything = [group for per_left in groups.values() for group in per_left]
    figures = {"sibling pairs ranked rightly": bootstrap(everything, mean_score)}
    for left in sorted(groups) if domain == "countdown" else []:
        figures[f"sibling pairs ranked rightly, {left} numbers left"] = bootstrap(groups[left], mean_score)
    return figures


def mean_score(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean of the first entries."""
    return sum(score for score, _ in pairs) / len(pairs)


@torch.inference_mode()
def step_scores_at_once(model: Any, asked: Asked) -> list[list[float]]:
    """P(good) after each step of many (problem, steps, whether they are finished), in few passes."""
    tokenizer = build_tokenizer()
    newline, end = tokenizer.convert_tokens_to_ids(DELIMITER), tokenizer.eos_token_id
    encoded = []
    for problem, steps, finished in asked:
        ids = tokenizer.encode(DELIMITER.join([problem, *steps]))
        encoded.append([tokenizer.bos_token_id, *ids, end if finished else newline])
    results: list[list[float]] = [[] for _ in encoded]
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    for start in range(0, len(order), ROWS_AT_ONCE):
        rows = order[start : start + ROWS_AT_ONCE]
        width = max(len(encoded[i]) for i in rows)
        # Padding stands on the right, where a causal model's scored tokens cannot see it.
        ids = torch.tensor([encoded[i] + [tokenizer.pad_token_id] * (width - len(encoded[i])) for i in rows])
        good = model(input_ids=ids).logits.softmax(-1)[..., 1]
        for row, i in enumerate(rows):
            ends = [at for at, token in enumerate(encoded[i]) if token in (newline, end)]
            results[i] = good[row, ends[1:]].tolist()
    return results


def step_scores(model: Any, problem: str, steps: Sequence[str]) -> list[float]:
    """P(good) at the newline after each step, and at `<eos>` after the last."""
    return step_scores_at_once(model, [(problem, steps, True)])[0]
