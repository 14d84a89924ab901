"""Caps on what a search may spend, and the counters behind them. Reserved before an effect, refunded after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Cap = Literal["tokens", "policy_calls", "reward_calls", "nodes", "seconds"]
CAPS: tuple[Cap, ...] = ("tokens", "policy_calls", "reward_calls", "nodes", "seconds")


@dataclass(frozen=True, slots=True)
class Caps:
    """The most a run may spend; None is no cap. `seconds` is active time, `nodes` counts the root too."""

    tokens: int | None = None
    policy_calls: int | None = None
    reward_calls: int | None = None
    nodes: int | None = None
    seconds: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Plain JSON, every cap named."""
        return {name: getattr(self, name) for name in CAPS}

    def raised(self, changes: dict[str, Any]) -> Caps:
        """These caps with some raised; null lifts a cap.

        Raises:
            ValueError: an unknown cap, a value that is no positive number, or one below the cap in force.
        """
        values = self.as_dict()
        for name, value in changes.items():
            if name not in values:
                raise ValueError(f"budget.{name}: there is no such cap; give one of {', '.join(CAPS)}")
            if value is not None:
                if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                    raise ValueError(f"budget.{name}: give a positive number, or null for no cap")
                if name != "seconds" and value != int(value):
                    raise ValueError(f"budget.{name}: give a whole number")
                current = values[name]
                if current is None or value < current:
                    raise ValueError(f"budget.{name}: a budget can only be raised (now {current or 'without cap'})")
            values[name] = value if value is None or name == "seconds" else int(value)
        return Caps(**values)  # type: ignore[arg-type]


@dataclass(slots=True)
class Counters:
    """What was spent. Every generated token counts; prompt tokens are counted apart, once per request."""

    tokens: int = 0
    prompt_tokens: int = 0
    policy_calls: int = 0
    reward_calls: int = 0
    draft_tokens: int = 0  # those of `tokens` that a draft policy wrote


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be issued: samples per request, and each sample's token cap (shortened if `cut`)."""

    counts: tuple[int, ...]
    max_tokens: int
    cut: bool


class Budget:
    """Compares counters with caps. The counters belong to the tree: the reducer keeps them."""

    def __init__(self, caps: Caps, counters: Counters) -> None:
        self.caps = caps
        self.counters = counters

    def left(self, cap: Cap, nodes: int) -> int | None:
        """What is left of a countable cap, never below 0; None without a cap."""
        limit = getattr(self.caps, cap)
        if limit is None:
            return None
        spent = nodes if cap == "nodes" else getattr(self.counters, cap)
        return max(0, int(limit) - int(spent))

    def reserve(self, counts: Sequence[int], step_cap: int, *, nodes: int, grows: bool = True) -> Grant | Cap:
        """Room for `counts[i]` samples of request i in issue order, `step_cap` tokens reserved for each.

        What does not fit is not granted: ask again after the refund. When not even one whole step fits, one sample
        gets the tokens that are left, and is `cut`. Calls and nodes (`grows`: each sample becomes one) limit the
        samples too. Returns the cap that forbids even one sample.
        """
        wanted = sum(counts)
        countable: tuple[Cap, ...] = ("tokens", "policy_calls", "nodes") if grows else ("tokens", "policy_calls")
        for cap in countable:
            left = self.left(cap, nodes)
            if left is not None:
                if left == 0:
                    return cap
                wanted = min(wanted, left)
        tokens = self.left("tokens", nodes)
        max_tokens = step_cap
        if tokens is not None and tokens < wanted * step_cap:
            wanted = max(1, tokens // step_cap)
            max_tokens = min(step_cap, tokens)
        issued = []
        for count in counts:
            issued.append(min(count, wanted))
            wanted -= issued[-1]
        return Grant(tuple(issued), max_tokens, cut=max_tokens < step_cap)

    def as_payload(self, nodes: int) -> dict[str, Any]:
        """The `budget` observation; `draft_tokens` only where a draft policy wrote some."""
        drafted = {"draft_tokens": self.counters.draft_tokens} if self.counters.draft_tokens else {}
        return {
            "tokens": self.counters.tokens,
            "prompt_tokens": self.counters.prompt_tokens,
            "policy_calls": self.counters.policy_calls,
            "reward_calls": self.counters.reward_calls,
            "nodes": nodes,
            "caps": self.caps.as_dict(),
            **drafted,
        }
