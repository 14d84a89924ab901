"""Samples that wait for a place, those that continue the same prompt together, first come first served."""

from __future__ import annotations

from collections import OrderedDict, deque

from search.batching import Call
from search.policies.base import StepRequest, StepSample
from search.policies.samples import Sample


class Waiting:
    """A queue of groups; a sample joins the group of its prompt, wherever that one stands."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[int, ...], deque[Sample]] = OrderedDict()

    def add(self, sample: Sample) -> None:
        """Queue a sample."""
        self._groups.setdefault(sample.prompt_ids, deque()).append(sample)

    def take(self, free: int) -> list[list[Sample]]:
        """The next groups, at most `free` samples in all; a group too large leaves its rest at the front."""
        taken: list[list[Sample]] = []
        while free and self._groups:
            ids, group = next(iter(self._groups.items()))
            taken.append([group.popleft() for _ in range(min(free, len(group)))])
            free -= len(taken[-1])
            if not group:
                del self._groups[ids]
        return taken

    def withdraw(self, calls: set[Call[StepRequest, StepSample]]) -> list[Sample]:
        """Take the samples of these calls out of the queue."""
        withdrawn = []
        for ids, group in list(self._groups.items()):
            withdrawn += [sample for sample in group if sample.call in calls]
            stay = deque(sample for sample in group if sample.call not in calls)
            if stay:
                self._groups[ids] = stay
            else:
                del self._groups[ids]
        return withdrawn

    def clear(self) -> None:
        """Forget everyone."""
        self._groups.clear()
