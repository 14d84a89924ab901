"""Which values a handful of numbers can make: the exact truth behind Countdown.

Every number is used once, with + - * / over the rationals, so fractions and negative intermediate results count
(8 / (3 - 8 / 3) is how 3 3 8 8 makes 24). A set of numbers is split in two in every way, and the values of both
sides combined; the last combination is not enumerated but solved for the missing side ("meet in the middle").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache

Numbers = tuple[Fraction, ...]


def fractions(numbers: Iterable[int | Fraction]) -> Numbers:
    """The numbers as this module takes them: exact and ascending."""
    return tuple(sorted(map(Fraction, numbers)))


def splits(numbers: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Every way to part the numbers into two non-empty sides, each unordered pair of sides once."""
    first, rest = numbers[0], numbers[1:]
    for mask in range(2 ** len(rest) - 1):
        side = tuple(x for i, x in enumerate(rest) if mask >> i & 1)
        other = tuple(x for i, x in enumerate(rest) if not mask >> i & 1)
        yield (first, *side), other


def values(numbers: Numbers) -> frozenset[Fraction]:
    """All values that use every number once. `numbers` must be sorted; at most five are quick."""
    # Five numbers make some 10^5 values, megabytes that a long-lived worker must not keep.
    return _combine(numbers) if len(numbers) > 4 else _few_values(numbers)


@lru_cache(maxsize=512)
def _few_values(numbers: Numbers) -> frozenset[Fraction]:
    return _combine(numbers)


def _combine(numbers: Numbers) -> frozenset[Fraction]:
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[Fraction] = set()
    for one, other in splits(numbers):
        for a in values(one):
            for b in values(other):
                found.update((a + b, a - b, b - a, a * b))
                if b:
                    found.add(a / b)
                if a:
                    found.add(b / a)
    return frozenset(found)


@lru_cache(maxsize=65536)
def can_reach(numbers: Numbers, target: Fraction) -> bool:
    """True if the (sorted) numbers, each used once, can make the target. Six numbers take seconds at worst."""
    if len(numbers) == 1:
        return numbers[0] == target
    return any(_meets(values(one), values(other), target) for one, other in splits(numbers))


def _meets(some: frozenset[Fraction], others: frozenset[Fraction], target: Fraction) -> bool:
    """True if a value of each side combine to the target; walks the smaller side, looks up in the larger."""
    few, many = (some, others) if len(some) <= len(others) else (others, some)
    for a in few:
        if target - a in many or a - target in many or target + a in many:
            return True
        if a == 0:
            # 0 * b and 0 / b are 0 for any b (b / 0 is nothing); a side of zeros alone divides nothing.
            if target == 0:
                return True
            continue
        if target / a in many or target * a in many:
            return True
        if target != 0 and a / target in many:
            return True
    return False
