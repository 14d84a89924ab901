"""Drawing the next token of every row at once, exactly repeatable.

Logits become natural-log probabilities at temperature 1 in float64, rounded to 1e-6 before anything is decided with
them, so that the last bits, which depend on the batch's shape, decide nothing. A token is drawn by inverse CDF with
a number the caller got from the sample's own stream.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

RESOLUTION = 1e-6


class Drawn(NamedTuple):
    """Per sample: the token, its log-probability (temperature 1, nothing truncated), whether its logits were NaN.

    `certainties`: KL(uniform || p) of the distribution p drawn from, in nats (see `certainty`); `entropies`: of p.
    """

    tokens: Tensor
    logprobs: Tensor
    certainties: Tensor
    entropies: Tensor
    broken: Tensor | None


def draw(logits: Tensor, rows: Tensor, temperatures: Tensor, top_ps: Tensor, uniforms: Tensor) -> Drawn:
    """Draw one token per sample.

    Args:
        logits: (n, vocabulary), any float dtype.
        rows: (samples,) int64, the row of `logits` that a sample is drawn from.
        temperatures: (samples,) float64; 0 takes the most probable token, ties to the lowest id.
        top_ps: (samples,) float64 in (0, 1]; the smallest set of most probable tokens (after temperature, ties to the
            lowest id) whose probability reaches it is drawn from.
        uniforms: (samples,) float64 in [0, 1).
    """
    by_row = rounded(torch.log_softmax(logits.double(), dim=-1))
    certainties, entropies = certainty(by_row)[rows], entropy(by_row)[rows]
    logprobs = by_row[rows]
    greedy = temperatures == 0
    if bool(greedy.all()):
        tokens = logprobs.argmax(-1)
    else:
        some_greedy = bool(greedy.any())
        divisors = torch.where(greedy, 1.0, temperatures) if some_greedy else temperatures
        weights = (logprobs / divisors.unsqueeze(-1)).exp_()
        if bool((top_ps < 1).any()):
            weights = _nucleus(weights, top_ps)
        cumulative = weights.cumsum(-1)
        total = cumulative[:, -1]
        # Below the total even where the product rounds up to it: the draw then ends at a token with weight.
        goal = torch.minimum(uniforms * total, torch.nextafter(total, torch.zeros_like(total)))
        tokens = torch.searchsorted(cumulative, goal.unsqueeze(-1), right=True).squeeze(-1)
        if some_greedy:
            tokens = torch.where(greedy, logprobs.argmax(-1), tokens)
    tokens = tokens.clamp_(max=logits.shape[-1] - 1)  # a NaN row finds no token; it is reported below
    chosen = logprobs.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    broken = chosen.isnan()
    return Drawn(tokens, chosen, certainties, entropies, broken if bool(broken.any()) else None)


def certainty(logprobs: Tensor) -> Tensor:
    """KL(uniform || p) of each row of (n, vocabulary) log-probabilities, in nats, rounded to 1e-6, shape (n,).

    "Scalable Best-of-N Selection for Large Language Models via Self-Certainty" (Kang et al., 2025): for a vocabulary
    of V tokens -1/V * sum over tokens of log(V * p). Infinite where a token is impossible.
    """
    return rounded(-logprobs.mean(-1) - math.log(logprobs.shape[-1]))


def entropy(logprobs: Tensor) -> Tensor:
    """The entropy of each row of (n, vocabulary) log-probabilities, in nats, rounded to 1e-4, shape (n,)."""
    # What is impossible adds nothing, and minus infinity times nothing would be no number.
    return torch.round(-(logprobs.exp() * logprobs.clamp_min(-1e3)).sum(-1), decimals=4)


def rounded(values: Tensor) -> Tensor:
    """Values rounded to multiples of 1e-6: what is recorded and compared."""
    return torch.round(values, decimals=6)


def _nucleus(weights: Tensor, top_ps: Tensor) -> Tensor:
    """Weights with zeros outside each row's nucleus ("The Curious Case of Neural Text Degeneration")."""
    descending, order = weights.sort(dim=-1, descending=True, stable=True)
    before = descending.cumsum(-1) - descending
    goal = (top_ps * weights.sum(-1) * (1 - 1e-9)).unsqueeze(-1)  # reached but for the last bits is reached
    kept = torch.where((before < goal) | (top_ps >= 1).unsqueeze(-1), descending, 0.0)
    return torch.zeros_like(weights).scatter_(-1, order, kept)
