"""pass@k: what a pool could have answered with a perfect selection."""

from __future__ import annotations

import math
from collections.abc import Sequence


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Chance that k of n samples, drawn without replacement, hold one of the `correct` ones.

    "Evaluating Large Language Models Trained on Code" (Chen et al., 2021): 1 - prod over i = n - c + 1 … n of
    (1 - k/i), the unbiased estimate; it is 1 where fewer than k samples are wrong.

    Raises:
        ValueError: `correct` or `k` does not fit n.
    """
    if not 0 <= correct <= n:
        raise ValueError(f"correct: {correct} of {n} samples cannot be correct")
    if not 1 <= k <= n:
        raise ValueError(f"k: give a number between 1 and the {n} samples there are, not {k}")
    if n - correct < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - correct + 1, n + 1))


def coverage(verdicts: Sequence[bool]) -> list[tuple[int, float]]:
    """(k, pass@k) at the powers of two below the number of samples, and at that number."""
    n, correct = len(verdicts), sum(verdicts)
    ks = [2**i for i in range(n.bit_length()) if 2**i < n]
    return [(k, pass_at_k(n, correct, k)) for k in (*ks, n)] if n else []
