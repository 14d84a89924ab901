"""Python's collector of reference cycles, set for processes whose trees only grow."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 50_000, 0, 1_000
"""New containers before the young are looked through; every second such round takes the middle-aged with it, and after
so many of those all are."""


def collect_seldom() -> None:
    """Look through living objects less often.

    A search keeps nearly everything it makes and leaves hardly any cycles behind; with Python's settings a third of
    the engine's time went into looking through its nodes and events again and again.
    Reference counting, which frees all but cycles, is not touched. The middle-aged are few on purpose: what is looked
    through soon is still in the processor's caches, and a round over a million objects would stop the worker's loop for
    a third of a second.
    """
    gc.set_threshold(YOUNG, MIDDLE, OLD)
