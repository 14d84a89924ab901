"""Where unfinished work lies, and saving it so that a stop at any moment leaves a whole file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
WORK = REPOSITORY / "var" / "demo"
"""Checkpoints, trajectories and logs; ignored by git."""

WEIGHTS = Path(__file__).parent / "weights"
"""The exported models that are committed."""


def save_checkpoint(state: dict[str, Any], name: str) -> None:
    """Write `var/demo/<name>.pt` beside the old one, then put it in its place."""
    import torch

    WORK.mkdir(parents=True, exist_ok=True)
    target = WORK / f"{name}.pt"
    unfinished = target.with_suffix(".tmp")
    torch.save(state, unfinished)
    os.replace(unfinished, target)


def load_checkpoint(name: str) -> dict[str, Any] | None:
    """The state last saved under the name, or None."""
    import torch

    path = WORK / f"{name}.pt"
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
