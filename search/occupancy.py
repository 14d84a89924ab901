"""How full an engine's batches are: what a page or a benchmark reads while the engine works."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

SECONDS_KEPT = 3600
"""Of the course over time; the counts reach back to the start."""


@dataclass(slots=True)
class Second:
    """One second in which batches were computed: how many, and the samples in them."""

    at: int
    batches: int = 0
    samples: int = 0

    @property
    def mean(self) -> float:
        """Samples per batch."""
        return self.samples / self.batches


class BatchSizes:
    """How many samples shared each batch: a count per size, and the course over time, second by second.

    Written by one thread, read by any. What it keeps does not grow with the work done.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[int] = Counter()
        self.turned_away = 0
        """Batches while which samples had to wait outside, for want of places."""
        self._clock = clock
        self._began = clock()
        self._seconds: deque[Second] = deque(maxlen=SECONDS_KEPT)

    def add(self, size: int, *, waiting: bool = False) -> None:
        """A batch of `size` samples goes off; `waiting`: others are left behind."""
        self.counts[size] += 1
        self.turned_away += waiting
        now = int(self._clock() - self._began)
        if not self._seconds or self._seconds[-1].at != now:
            self._seconds.append(Second(now))
        second = self._seconds[-1]
        second.batches += 1
        second.samples += size

    @property
    def batches(self) -> int:
        """All batches so far."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> int:
        """The smallest size that at least `share` of all batches do not exceed (0.5: the median); 0 without any."""
        sizes = sorted(self.counts.items())
        if not sizes:
            return 0
        reached = list(accumulate(count for _, count in sizes))
        return sizes[bisect_left(reached, share * reached[-1])][0]

    def share(self, *, at_least: int = 0, below: int | None = None) -> float:
        """The share of batches of such sizes."""
        met = sum(count for size, count in self.counts.items() if size >= at_least and (below is None or size < below))
        return met / max(1, self.batches)

    def over_time(self) -> list[Second]:
        """The seconds in which something was computed, oldest first."""
        return list(self._seconds)


@dataclass
class Occupancy:
    """Sums over all runs, and the sizes of the batches (for a server: of the requests under way together)."""

    calls: int = 0
    requests: int = 0
    forwards: int = 0
    rows: int = 0
    tokens: int = 0
    """Tokens generated (policies) or read (rewards)."""
    prefill_tokens: int = 0
    reused_tokens: int = 0
    """Prompt tokens that were computed, and those found in the cache instead."""
    sizes: BatchSizes = field(default_factory=BatchSizes)

    @property
    def rows_per_forward(self) -> float:
        """Mean number of sequences that shared a forward pass."""
        return self.rows / self.forwards if self.forwards else 0.0
