"""The figures of the committed weights on held-out problems: solve rates, coverage, and how well rewards rank steps."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch

from search.demo.checkpoint import WEIGHTS
from search.demo.corpus import arithmetic_example, countdown_example
from search.demo.sampling import held_out_problems, sample_solutions
from search.demo.statistics import Figure, area_under_curve, bootstrap, mean_truth, wilson
from search.demo.tokenizer import DELIMITER, build_tokenizer
from search.domains import DOMAINS, Domain
from search.domains.game_of_24 import puzzles

SAMPLES = 16
SEED = 4


def evaluation_problems(count: int) -> list[tuple[str, Domain, list[str]]]:
    """`count` held-out problems a set: the dev split of both domains, and Game of 24."""
    countdown, arithmetic = DOMAINS["countdown"], DOMAINS["arithmetic"]
    return [
        ("countdown dev", countdown, held_out_problems(countdown_example, "dev", count, SEED)),
        ("arithmetic dev", arithmetic, held_out_problems(arithmetic_example, "dev", count, SEED)),
        ("game of 24", countdown, random.Random(SEED).sample(puzzles(), count)),
    ]


def sample_committed_policy(problems: list[str], temperature: float, times: int) -> list[list[list[str] | None]]:
    """`times` solutions for each problem, from the weights in the repository."""
    from transformers import LlamaForCausalLM

    policy = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().eval()
    repeated = [problem for problem in problems for _ in range(times)]
    flat = sample_solutions(policy, build_tokenizer(), repeated, temperature, SEED)
    return [flat[i : i + times] for i in range(0, len(flat), times)]


def evaluate_policy(count: int) -> dict[str, dict[str, Figure]]:
    """Solve rates: greedy, the mean of samples, and whether any of 16 samples solves it."""
    figures: dict[str, dict[str, Figure]] = {}
    for name, domain, problems in evaluation_problems(count):
        greedy, sampled = (
            [
                [(0.0, steps is not None and domain.verify(problem, steps)) for steps in solutions]
                for problem, solutions in zip(problems, sample_committed_policy(problems, *how), strict=True)
            ]
            for how in ((0.0, 1), (0.8, SAMPLES))
        )
        figures[name] = {
            "greedy": wilson(sum(good for [(_, good)] in greedy), len(problems)),
            "sample mean (T 0.8)": bootstrap(sampled, mean_truth),
            f"pass@{SAMPLES} (T 0.8)": wilson(sum(any(good for _, good in row) for row in sampled), len(problems)),
        }
    return figures


def evaluate_process_reward(count: int) -> dict[str, dict[str, Figure]]:
    """How well step scores rank: against the exact truth, and last scores against the outcome (4 samples at T 1)."""
    return {
        name: _reward_figures(domain, problems, sample_committed_policy(problems, 1.0, 4))
        for name, domain, problems in evaluation_problems(count)
    }


def _reward_figures(domain: Domain, problems: list[str], solutions: list[list[list[str] | None]]) -> dict[str, Figure]:
    from transformers import LlamaForTokenClassification

    model = LlamaForTokenClassification.from_pretrained(WEIGHTS / "process_reward").float().eval()
    all_steps: list[list[tuple[float, bool]]] = []
    first_steps: list[list[tuple[float, bool]]] = []
    last_steps: list[list[tuple[float, bool]]] = []
    for problem, sampled in zip(problems, solutions, strict=True):
        finished = [steps for steps in sampled if steps is not None]
        scores = [step_scores(model, problem, steps) for steps in finished]
        truth = [[domain.reachable(problem, steps[: i + 1]) for i in range(len(steps))] for steps in finished]
        all_steps.append([pair for s, t in zip(scores, truth, strict=True) for pair in zip(s, t, strict=True)])
        first_steps.append([(s[0], t[0]) for s, t in zip(scores, truth, strict=True)])
        last_steps.append([(s[-1], domain.verify(problem, x)) for s, x in zip(scores, finished, strict=True)])
    return {
        "AUC, all steps, exact truth": bootstrap(all_steps, area_under_curve),
        "AUC, first steps, exact truth": bootstrap(first_steps, area_under_curve),
        "AUC, last step, outcome": bootstrap(last_steps, area_under_curve),
    }


@torch.inference_mode()
def step_scores(model: Any, problem: str, steps: Sequence[str]) -> list[float]:
    """P(good) at the newline after each step, and at `<eos>` after the last."""
    tokenizer = build_tokenizer()
    ids = [tokenizer.bos_token_id, *tokenizer.encode(DELIMITER.join([problem, *steps])), tokenizer.eos_token_id]
    ends = {tokenizer.convert_tokens_to_ids(DELIMITER), tokenizer.eos_token_id}
    good = model(input_ids=torch.tensor([ids])).logits[0].softmax(-1)[:, 1]
    return [float(good[i]) for i, token in enumerate(ids) if token in ends][1:]
