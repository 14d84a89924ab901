"""How far a piece of work has come: its stages in order, what each found, how long it took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any


class Progress:
    """Written by the one who works, read by anybody, from any thread."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._told: dict[str, str | None] = dict.fromkeys(stages)
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}

    def begin(self, stage: str) -> None:
        """The stage before is over, this one begins."""
        self.end()
        self._began[stage] = time.monotonic()

    def tell(self, what: str) -> None:
        """What the present stage has found."""
        self._told[list(self._began)[-1]] = what

    def end(self) -> None:
        """The present stage is over."""
        for stage, began in self._began.items():
            self._took.setdefault(stage, time.monotonic() - began)

    def as_list(self) -> list[dict[str, Any]]:
        """`{name, begun, told, seconds}` per stage; `seconds` is null before its end."""
        took = dict(self._took)
        return [
            {
                "name": stage,
                "begun": stage in self._began,
                "told": told,
                "seconds": round(took[stage], 3) if stage in took else None,
            }
            for stage, told in self._told.items()
        ]
