"""Game of 24 as a set of problems: four numbers from 1 to 13 that shall make 24."""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement

from search.domains.reach import can_reach, fractions


@cache
def puzzles() -> tuple[str, ...]:
    """All 1,362 solvable ones as Countdown problems, the smallest numbers first."""
    hands = combinations_with_replacement(range(1, 14), 4)
    return tuple(
        f"{' '.join(map(str, hand))} -> 24" for hand in hands if can_reach(fractions(hand), fractions([24])[0])
    )
