"""What a benchmark reports: one named number with its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of bench.json. `value` is None for what could not be measured, with the reason in `why`."""

    name: str
    value: float | None
    unit: str
    target: float | None
    better: Literal["higher", "lower"]
    why: str | None = None
