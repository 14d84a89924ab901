"""Which problems the embedded models may train on: a split by the numbers of a problem, stable for ever.

All problems on the same multiset of numbers fall on the same side, whatever their target or shape, so a held-out
problem is never a trained one in disguise. Game of 24 (four numbers from 1 to 13, target 24) is test as a whole.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from search.domains import domain_of
from search.domains.countdown import CountdownProblem
from search.domains.expressions import leaves

Split = Literal["train", "dev", "test"]

_PERCENT_DEV = 5
_PERCENT_TEST = 5


def split_of(text: str) -> Split:
    """The side a problem falls on. Raises ValueError for a text that is no problem of a domain."""
    domain = domain_of(text)
    if domain is None:
        raise ValueError("The text is no Countdown or Arithmetic problem.")
    problem = domain.parse(text)
    if isinstance(problem, CountdownProblem):
        if is_game_of_24(problem):
            return "test"
        numbers = [str(n) for n in problem.numbers]
    else:
        numbers = [str(n) for n in sorted(leaves(problem))]  # type: ignore[arg-type]
    key = f"{domain.name} {' '.join(numbers)}"
    bucket = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 100
    if bucket < _PERCENT_DEV:
        return "dev"
    return "test" if bucket < _PERCENT_DEV + _PERCENT_TEST else "train"


def is_game_of_24(problem: CountdownProblem) -> bool:
    """Four numbers from 1 to 13 that shall make 24."""
    return problem.target == 24 and len(problem.numbers) == 4 and 1 <= problem.numbers[0] <= problem.numbers[-1] <= 13
