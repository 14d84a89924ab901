"""The model's own path probabilities as votes, the improbable paths pruned."""

from __future__ import annotations

import math
from typing import Any, Literal

from search.paths import path_logprob, path_tokens
from search.selection.base import Selection
from search.tree import Node, Tree
from search.voting import ballots, elect
from search.weibull import Mixture, Weibull, fit_mixture

Probability = Literal["path", "token"]


def rpc(tree: Tree, probability: Probability = "path") -> Selection:
    """Votes by path probability after Reasoning Pruning.

    "A Theoretical Study on Bridging Internal Probability and Self-Consistency for LLM Reasoning" (Zhou et al., 2025).
    Perplexity Consistency: an answer's weight is the sum of the probabilities of its distinct paths, here divided by
    the sum over all answers. Reasoning Pruning comes first: a mixture of two Weibull distributions is fitted to the
    probabilities, and a path is dropped that more likely belongs to the low component and lies below the mean of all,
    as in the authors' code. `probability` is of the whole path, as the paper writes it, or of its mean token (the
    geometric mean), as the authors' code has it; the latter does not favour short paths.

    The same text sampled twice is one path. Without enough distinct probabilities to fit, nothing is dropped.
    """
    distinct: dict[tuple[str, ...], Node] = {}
    for node in tree.candidates():
        distinct.setdefault(tree.steps(node), node)
    nodes = list(distinct.values())
    logs = [path_logprob(tree, node) for node in nodes]
    if probability == "token":
        logs = [log / max(1, path_tokens(tree, node)) for log, node in zip(logs, nodes, strict=True)]
    mixture, dropped = _prune(logs)
    kept = [i for i in range(len(nodes)) if i not in dropped]
    largest = max(logs, default=0.0)
    relative = [math.exp(logs[i] - largest) for i in kept]
    total = math.fsum(relative)
    counted = ballots([nodes[i] for i in kept], [p / total for p in relative], speaks=[logs[i] for i in kept])
    counted.sort(key=lambda ballot: -round(ballot.weight, 9))
    order = sorted(kept, key=lambda i: (-round(logs[i], 9), nodes[i].index))
    return Selection(
        elect(counted, "perplexity consistency"),
        [(nodes[i], math.exp(logs[i])) for i in order],
        {
            "probability": probability,
            "pruned": [{"node": nodes[i].index, "probability": math.exp(logs[i])} for i in dropped],
            "mixture": None if mixture is None else _as_json(mixture, largest),
        },
    )


def _prune(logs: list[float]) -> tuple[Mixture | None, list[int]]:
    """The fit, and which paths are dropped."""
    mixture = fit_mixture(logs)
    if mixture is None:
        return None, []
    relative = [log - max(logs) for log in logs]
    mean = math.fsum(map(math.exp, relative)) / len(relative)
    posterior = mixture.high_posterior(relative)
    return mixture, [i for i, log in enumerate(relative) if posterior[i] < 0.5 and math.exp(log) < mean]


def _as_json(mixture: Mixture, largest: float) -> dict[str, Any]:
    """Both components in units of probability."""

    def component(weibull: Weibull, share: float) -> dict[str, float]:
        return {"share": share, "shape": weibull.shape, "scale": math.exp(weibull.log_scale + largest)}

    return {"low": component(mixture.low, 1 - mixture.share), "high": component(mixture.high, mixture.share)}
