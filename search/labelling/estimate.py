"""What rollouts from a step say about it.

Source: Wang et al., "Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations" (2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Estimation = Literal["soft", "hard"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """`right` of `of` completions came right. A finished solution is its own completion: `of` is 1 there."""

    right: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.of or self.of < 1:
            raise ValueError(f"{self.right} of {self.of} completions: give 0 ≤ right ≤ of, of ≥ 1")

    def value(self, estimation: Estimation) -> float:
        """Soft: the share that came right. Hard: 1 if any did, else 0."""
        return self.right / self.of if estimation == "soft" else float(self.right > 0)

    def rating(self, estimation: Estimation) -> int:
        """1 good, −1 bad: the value, rounded; a soft half counts as good."""
        return 1 if self.value(estimation) >= 0.5 else -1
