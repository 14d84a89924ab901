"""The figures of the committed policies on held-out problems: solve rates and coverage, as a whole and by size."""

from __future__ import annotations

import random

from search.demo.checkpoint import WEIGHTS
from search.demo.corpus import arithmetic_example, countdown_example
from search.demo.sampling import held_out_problems, sample_solutions
from search.demo.statistics import Figure, bootstrap, mean_truth, wilson
from search.demo.tokenizer import build_tokenizer
from search.domains import DOMAINS, Domain
from search.domains.expressions import leaves
from search.domains.game_of_24 import puzzles

SAMPLES = 16
SEED = 5


def evaluation_problems(count: int, split: str) -> list[tuple[str, Domain, list[str]]]:
    """`count` held-out problems a set: both domains in the corpus's mix, and Game of 24."""
    countdown, arithmetic = DOMAINS["countdown"], DOMAINS["arithmetic"]
    return [
        (f"countdown {split}", countdown, held_out_problems(countdown_example, split, count, SEED)),
        (f"arithmetic {split}", arithmetic, held_out_problems(arithmetic_example, split, count, SEED)),
        ("game of 24", countdown, random.Random(SEED).sample(puzzles(), min(count, 1362))),
    ]


def solved(
    name: str, domain: Domain, problems: list[str], temperature: float, times: int
) -> list[list[tuple[float, bool]]]:
    """For each problem, whether each of `times` samples of the weights in the repository verifies: (0, it does)."""
    from transformers import LlamaForCausalLM

    policy = LlamaForCausalLM.from_pretrained(WEIGHTS / name).float().eval()
    repeated = [problem for problem in problems for _ in range(times)]
    sampled = sample_solutions(policy, build_tokenizer(), repeated, temperature, SEED)
    good = [
        (0.0, steps is not None and domain.verify(problem, steps))
        for problem, steps in zip(repeated, sampled, strict=True)
    ]
    return [good[i : i + times] for i in range(0, len(good), times)]


def evaluate_policy(count: int, split: str = "dev", name: str = "policy") -> dict[str, dict[str, Figure]]:
    """Solve rates: greedy, the mean of samples, and whether any of 16 samples solves it; the mean by size too."""
    figures: dict[str, dict[str, Figure]] = {}
    for label, domain, problems in evaluation_problems(count, split):
        greedy = solved(name, domain, problems, 0.0, 1)
        sampled = solved(name, domain, problems, 0.8, SAMPLES)
        figures[label] = {
            "greedy": wilson(sum(good for [(_, good)] in greedy), len(problems)),
            "sample mean (T 0.8)": bootstrap(sampled, mean_truth),
            f"pass@{SAMPLES} (T 0.8)": wilson(sum(any(good for _, good in row) for row in sampled), len(problems)),
        }
        by_size: dict[int, list[list[tuple[float, bool]]]] = {}
        for problem, row in zip(problems, sampled, strict=True):
            by_size.setdefault(_size(problem), []).append(row)
        for size, rows in sorted(by_size.items()) if len(by_size) > 1 else []:
            figures[label][f"sample mean, {size} numbers"] = bootstrap(rows, mean_truth)
            passed = sum(any(good for _, good in row) for row in rows)
            figures[label][f"pass@{SAMPLES}, {size} numbers"] = wilson(passed, len(rows))
    return figures


def _size(problem: str) -> int:
    numbers, arrow, _ = problem.partition(" -> ")
    return len(numbers.split()) if arrow else len(leaves(DOMAINS["arithmetic"].parse(problem)))  # type: ignore[arg-type]
