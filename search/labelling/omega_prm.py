"""The first error of a wrong solution, found by halving.

Source: Luo et al., "Improve Mathematical Reasoning in Language Models by Automated Process Supervision" (2024), §3.2:
a prefix from which any rollout comes right has no error yet; one from which none does has it already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

ComesRight = Callable[[int], Awaitable[bool]]
"""Whether any rollout after the first k steps comes right."""


async def first_error(steps: int, comes_right: ComesRight) -> int:
    """The index (from 0) of the step after which nothing comes right any more, in a solution whose end is wrong.

    Takes at most ⌈log2(steps)⌉ questions, each about a prefix of 1 to steps − 1 steps: the problem itself is taken to
    be solvable, and the whole solution to be wrong.

    Raises:
        ValueError: a solution without steps.
    """
    if steps < 1:
        raise ValueError("a solution without steps has no first error")
    right, wrong = 0, steps  # after `right` steps it can still come right, after `wrong` steps it cannot
    while wrong - right > 1:
        middle = (right + wrong) // 2
        if await comes_right(middle):
            right = middle
        else:
            wrong = middle
    return wrong - 1


def labels_around(error: int, steps: int) -> list[int | None]:
    """Ratings of the steps of a path whose first error is at `error`: good before, bad there, unmarked behind."""
    return [1 if place < error else -1 if place == error else None for place in range(steps)]
