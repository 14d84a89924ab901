"""The binary search for the first error, worked out by hand."""

from __future__ import annotations

import math

import pytest

from search.labelling.omega_prm import first_error, labels_around


async def asked_about(steps: int, error: int) -> tuple[int, list[int]]:
    """What the search finds when the error is at step `error`, and which prefixes it asked about."""
    asked: list[int] = []

    async def comes_right(prefix: int) -> bool:
        asked.append(prefix)
        return prefix <= error

    return await first_error(steps, comes_right), asked


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        # eight steps: the middle of 0 and 8 is 4, and so on
        (0, [4, 2, 1]),
        (1, [4, 2, 1]),
        (2, [4, 2, 3]),
        (3, [4, 2, 3]),
        (5, [4, 6, 5]),
        (7, [4, 6, 7]),
    ],
)
async def test_eight_steps_by_hand(error: int, asked: list[int]) -> None:
    assert await asked_about(8, error) == (error, asked)


async def test_five_steps_by_hand() -> None:
    """0 and 5: 2. Right after 2, so 2 and 5: 3. Wrong after 3, so the third step (index 2) is the first error."""
    assert await asked_about(5, 2) == (2, [2, 3])


async def test_every_error_is_found_with_few_questions() -> None:
    for steps in range(1, 40):
        for error in range(steps):
            found, asked = await asked_about(steps, error)
            assert found == error
            assert len(asked) <= math.ceil(math.log2(steps)) if steps > 1 else not asked


async def test_no_steps() -> None:
    with pytest.raises(ValueError, match="without steps"):
        await asked_about(0, 0)


def test_the_labels_around_an_error() -> None:
    assert labels_around(2, 4) == [1, 1, -1, None]
    assert labels_around(0, 1) == [-1]
