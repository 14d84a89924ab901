"""What every contender is given, and what it reports: problems, a budget, the truth about answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from search.bench.problem_sets import drawn
from search.truth import Truth
from search.verifiers import infer

BUDGET = 16  # samples, beams in flight or particles of one problem
WIDTH = 4  # beams that are kept
CALLS = 64  # policy calls of one tree search
MOST_STEPS = 10
STEP_TOKENS = 64
TEMPERATURE = 0.8
STOP = "\n"
NUMBERS = {"countdown": 4, "arithmetic": 5}


@dataclass(frozen=True, slots=True)
class Match:
    """One contender's turn with one strategy: wall seconds over all problems, and what was spent and solved."""

    strategy: str
    seconds: float
    problems: int
    calls: int
    tokens: int
    solved: int

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Found:
    """What one search came to: the steps of the answer it chose (None: it has none), and what it spent."""

    steps: tuple[str, ...] | None
    calls: int
    tokens: int


def problems(count: int) -> list[str]:
    """Held-out problems, the two domains in turn; nobody's settings were chosen on them."""
    sets = [[problem.text for problem in drawn(name, size, count, "dev")] for name, size in NUMBERS.items()]
    return [text for pair in zip(*sets, strict=True) for text in pair][:count]


def right(problem: str, steps: Sequence[str] | None) -> bool:
    """True if these steps end in the right answer."""
    if not steps:
        return False
    truth = Truth.of(problem, None, infer(problem, None))
    assert truth is not None
    return truth.verdict(0, tuple(steps), True)["correct"] is True


async def compete_on(
    strategy: str, asked: Sequence[str], at_once: int, search: Callable[[str, int], Awaitable[Found]]
) -> Match:
    """Await `search(problem, its number)` for all problems, `at_once` of them at a time."""
    places = asyncio.Semaphore(at_once)

    async def one(number: int, problem: str) -> Found:
        async with places:
            return await search(problem, number)

    began = time.perf_counter()
    found = await asyncio.gather(*(one(number, problem) for number, problem in enumerate(asked)))
    return match(strategy, time.perf_counter() - began, asked, found)


def match(strategy: str, seconds: float, asked: Sequence[str], found: Sequence[Found]) -> Match:
    """The report of one strategy."""
    return Match(
        strategy=strategy,
        seconds=seconds,
        problems=len(asked),
        calls=sum(each.calls for each in found),
        tokens=sum(each.tokens for each in found),
        solved=sum(right(problem, each.steps) for problem, each in zip(asked, found, strict=True)),
    )
