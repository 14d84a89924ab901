"""Samples that wait for a place, those that continue the same prompt together, first come first served."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

from search.policies.gang import Gang
from search.policies.samples import Sample


class Waiting:
    """A queue of groups; a sample joins the group of its prompt, wherever that one stands. A gang is a group, too."""

    def __init__(self) -> None:
        self._groups: OrderedDict[tuple[int, ...] | Gang, deque[Sample]] = OrderedDict()

    def add(self, sample: Sample) -> None:
        """Queue a sample."""
        self._groups.setdefault(sample.prompt_ids, deque()).append(sample)

    def add_gang(self, gang: Gang, samples: Sequence[Sample]) -> None:
        """Queue samples that must come in together."""
        self._groups[gang] = deque(samples)

    def take(self, free: int) -> list[list[Sample]]:
        """The next groups, at most `free` samples in all; a group too large leaves its rest at the front.

        A gang comes in whole, or it and all behind it wait until there is room.
        """
        taken: list[list[Sample]] = []
        while free and self._groups:
            name, group = next(iter(self._groups.items()))
            if isinstance(name, Gang):
                if len(group) > free:
                    break
                alike: dict[tuple[int, ...], list[Sample]] = {}
                for sample in group:
                    alike.setdefault(sample.prompt_ids, []).append(sample)
                taken += alike.values()
                free -= len(group)
                group.clear()
            else:
                taken.append([group.popleft() for _ in range(min(free, len(group)))])
                free -= len(taken[-1])
            if not group:
                del self._groups[name]
        return taken

    def withdraw(self, gone: Callable[[Sample], bool]) -> list[Sample]:
        """Take the samples that are gone out of the queue."""
        withdrawn = []
        for name, group in list(self._groups.items()):
            withdrawn += [sample for sample in group if gone(sample)]
            stay = deque(sample for sample in group if not gone(sample))
            if stay:
                self._groups[name] = stay
            else:
                del self._groups[name]
        return withdrawn

    def clear(self) -> None:
        """Forget everyone."""
        self._groups.clear()
