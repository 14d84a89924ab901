"""Samples that wait for a place, those that continue the same prompt together: urgent ones first, then in turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence

from search.policies.gang import Gang
from search.policies.samples import Sample

Lane = OrderedDict[tuple[int, ...] | Gang, deque[Sample]]


class Waiting:
    """Two queues of groups; a sample joins the group of its prompt, wherever it stands. A gang is a group, too."""

    def __init__(self) -> None:
        self._urgent: Lane = OrderedDict()
        self._patient: Lane = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._urgent or self._patient)

    def add(self, sample: Sample) -> None:
        """Queue a sample."""
        self._lane(sample).setdefault(sample.prompt_ids, deque()).append(sample)

    def add_gang(self, gang: Gang, samples: Sequence[Sample]) -> None:
        """Queue samples that must come in together."""
        self._lane(samples[0])[gang] = deque(samples)

    def take(self, free: int) -> list[list[Sample]]:
        """The next groups, at most `free` samples in all; a group too large leaves its rest at the front.

        A gang comes in whole, or it and all behind it wait until there is room.
        """
        taken: list[list[Sample]] = []
        while free and (lane := self._urgent or self._patient):
            name, group = next(iter(lane.items()))
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
                del lane[name]
        return taken

    def withdraw(self, gone: Callable[[Sample], bool]) -> list[Sample]:
        """Take the samples that are gone out of the queues."""
        withdrawn = []
        for lane in self._lanes():
            for name, group in list(lane.items()):
                withdrawn += [sample for sample in group if gone(sample)]
                stay = deque(sample for sample in group if not gone(sample))
                if stay:
                    lane[name] = stay
                else:
                    del lane[name]
        return withdrawn

    def clear(self) -> None:
        """Forget everyone."""
        for lane in self._lanes():
            lane.clear()

    def _lane(self, sample: Sample) -> Lane:
        return self._urgent if sample.call.urgent else self._patient

    def _lanes(self) -> Iterable[Lane]:
        return self._urgent, self._patient
