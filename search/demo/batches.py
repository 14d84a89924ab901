"""Making batches ahead in a process of their own, so that training never waits for its data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from torch.utils.data import DataLoader, Dataset

T = TypeVar("T")


class _Steps(Dataset[T]):
    def __init__(self, make: Callable[[int], T], steps: range) -> None:
        self.make, self.steps = make, steps

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> T:
        if index >= len(self.steps):
            raise IndexError(index)
        return self.make(self.steps[index])


def batches(make: Callable[[int], T], steps: range) -> Iterator[T]:
    """`make(step)` for each step in order; `make` must be picklable and depend on the step alone."""
    yield from DataLoader(
        _Steps(make, steps), batch_size=None, num_workers=1, prefetch_factor=8, worker_init_fn=_be_modest
    )


def _be_modest(worker: Any) -> None:
    os.nice(5)  # below the training, which is what takes the time
