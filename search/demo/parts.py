"""The parts of the policies' training: sizes, data, lengths. What was chosen, and nothing that does it."""

from __future__ import annotations

from dataclasses import dataclass

from search.demo.corpus import BOTH, LARGE, NARROW, NEAR_THE_END, WIDE, Mix


@dataclass(frozen=True)
class Size:
    """Layers, width, attention heads, and the inner width of the feed-forward part."""

    layers: int
    width: int
    heads: int
    inner: int


POLICY_SIZE = Size(4, 128, 4, 384)
"""867,968 parameters."""

DRAFT_SIZE = Size(2, 64, 2, 192)
"""About an eighth of the policy's parameters."""


@dataclass(frozen=True)
class Part:
    """One part of the training: its data, its batch shape in tokens, its length in steps."""

    name: str
    seed: int
    mix: Mix
    steps: int
    rows: int
    width: int
    matrix_lr: float
    other_lr: float
    lesson_share: float = 0.0
    lesson_rounds: int = 1
    last_mix: Mix | None = None
    size: Size = POLICY_SIZE

    @property
    def checkpoint(self) -> str:
        """The checkpoint's name."""
        return f"policy_{self.name}"

    def round_of(self, step: int) -> int:
        """Which drawing of lessons a step learns from."""
        return step * self.lesson_rounds // self.steps


PARTS = [
    Part("begin", 1, NARROW, 2817, rows=32, width=160, matrix_lr=0.02, other_lr=0.004),
    Part(
        "wide", 5, WIDE, 3300, rows=18, width=288, matrix_lr=0.012, other_lr=0.0024,
        lesson_share=0.12, lesson_rounds=3, last_mix=NEAR_THE_END,
    ),
    Part("large", 8, LARGE, 400, rows=18, width=288, matrix_lr=0.008, other_lr=0.0016, lesson_share=0.12),
    Part("both", 9, BOTH, 160, rows=18, width=288, matrix_lr=0.006, other_lr=0.0012, lesson_share=0.12),
]  # fmt: skip
DRAFT = Part("draft", 7, WIDE, 2200, 18, 288, matrix_lr=0.02, other_lr=0.004, size=DRAFT_SIZE)
