"""One stack for all crash tests (the session's own one is not to be killed), and the journal of an undisturbed run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.stack import Stack


@pytest.fixture(scope="session")
def crashing_stack() -> Iterator[Stack]:
    """A complete Espalier whose processes may be killed."""
    from tests.support.stack import Stack

    stack = Stack()
    try:
        yield stack.start()
    finally:
        stack.remove()


@pytest.fixture(scope="session")
def undisturbed(crashing_stack: Stack) -> list[tuple[int, str, Any]]:
    """The journal of the long search when nothing happens to it."""
    from tests.crash.runs import Journey

    journey = Journey.begin(crashing_stack)
    journey.wait_for_end()
    return journey.journal()
