"""How well the committed policy judges its own solutions, and whether a refinement does better than a restart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch

from search.demo.checkpoint import WEIGHTS
from search.demo.judged_steps import JudgedSolution, judged_steps
from search.demo.sampling import LONGEST_SOLUTION, complete
from search.demo.statistics import Figure, area_under_curve, bootstrap, mean_truth
from search.demo.tokenizer import DELIMITER, build_tokenizer
from search.domains import DOMAINS
from search.questions import NO, YES, render_refine, render_self_evaluation

SEED = 5
ROWS_AT_ONCE = 256
CONTEXT = 512
"""Tokens the policy can read and write: a long wrong solution leaves no room for another."""


def evaluate_questions(count: int, split: str = "dev") -> dict[str, dict[str, Figure]]:
    """AUC of P(yes) against the outcome, and solve rates after `<refine>` and afresh on the same wrong solutions."""
    from transformers import LlamaForCausalLM

    policy = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().eval()
    figures: dict[str, dict[str, Figure]] = {}
    for domain in ("countdown", "arithmetic"):
        solutions = judged_steps(domain, split, count).solutions
        figures[domain] = {
            "AUC of <right?> after the last step, outcome": _ranked(policy, [(s, len(s.steps)) for s in solutions]),
            "AUC of <right?> after the first step, outcome": _ranked(policy, [(s, 1) for s in solutions]),
            **_refined(policy, domain, [s for s in solutions if not s.good]),
        }
    return figures


def _ranked(policy: Any, asked: Sequence[tuple[JudgedSolution, int]]) -> Figure:
    texts = [render_self_evaluation(solution.problem, solution.steps[:end]) for solution, end in asked]
    groups: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for (solution, _), chance in zip(asked, chances_of_yes(policy, texts), strict=True):
        groups[solution.problem].append((chance, solution.good))
    return bootstrap(list(groups.values()), area_under_curve)


@torch.inference_mode()
def chances_of_yes(policy: Any, texts: Sequence[str]) -> list[float]:
    """P(<yes>) / (P(<yes>) + P(<no>)) after each text, which must end in a question."""
    tokenizer = build_tokenizer()
    verdicts = tokenizer.convert_tokens_to_ids([YES, NO])
    encoded = [[tokenizer.bos_token_id, *tokenizer.encode(text)] for text in texts]
    chances = [0.0] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: len(encoded[i]))
    for start in range(0, len(order), ROWS_AT_ONCE):
        rows = order[start : start + ROWS_AT_ONCE]
        width = max(len(encoded[i]) for i in rows)
        ids = torch.tensor([encoded[i] + [tokenizer.pad_token_id] * (width - len(encoded[i])) for i in rows])
        logits = policy(input_ids=ids).logits
        for row, i in enumerate(rows):
            chances[i] = float(logits[row, len(encoded[i]) - 1, verdicts].softmax(-1)[0])
    return chances


def _refined(policy: Any, domain: str, wrong: list[JudgedSolution]) -> dict[str, Figure]:
    read = build_tokenizer()
    wrong = [s for s in wrong if len(read.encode(render_refine(s.problem, s.steps))) < CONTEXT - LONGEST_SOLUTION]
    refine = [render_refine(solution.problem, solution.steps) for solution in wrong]
    afresh = [solution.problem + DELIMITER for solution in wrong]
    return {
        "solved by a refinement of a wrong solution (T 0.8)": _solve_rate(policy, domain, wrong, refine),
        "solved by a fresh solution, same problems (T 0.8)": _solve_rate(policy, domain, wrong, afresh),
    }


def _solve_rate(policy: Any, domain: str, wrong: list[JudgedSolution], texts: list[str]) -> Figure:
    tokenizer = build_tokenizer()
    prompts = [[tokenizer.bos_token_id, *tokenizer.encode(text)] for text in texts]
    groups: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for solution, ids in zip(wrong, complete(policy, prompts, 0.8, SEED), strict=True):
        steps = [] if ids is None else str(tokenizer.decode(ids)).split(DELIMITER)
        groups[solution.problem].append((0.0, DOMAINS[domain].verify(solution.problem, steps)))
    return bootstrap(list(groups.values()), mean_truth)
