"""How what a training starts from is named, and what it holds out. Importable without torch."""

from __future__ import annotations

import hashlib

POLICY = "policy:"
"""What stands before a policy's name where its body shall get a fresh head."""
HELD_OUT_PERCENT = 10


def is_held_out(problem: str) -> bool:
    """Whether a problem's labels are for measuring: about one in ten, the same ones in every training."""
    return int.from_bytes(hashlib.sha256(problem.encode()).digest()[:8], "big") % 100 < HELD_OUT_PERCENT
