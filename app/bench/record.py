"""How long a call of `search.client.Recorder` keeps the loop that makes it, while a real server takes what it says.

A thousand calls a second for twenty seconds, as a fast loop would make them: half add a node, half score it.
"""

from __future__ import annotations

import time

from app.bench.application import Application
from app.bench.figure import Figure
from search.client import Recorder

CALLS, PAUSE_SECONDS = 20_000, 0.001


def measure() -> list[Figure]:
    """The 99.9th percentile and the longest of the calls, in ms of wall-clock time; and the longest by what its thread
    computed: what the first two have above that, the kernel gave to other programs meanwhile."""
    with Application() as espalier:
        token = (espalier.home / "owner.token").read_text(encoding="utf-8").strip()
        with Recorder(f"http://127.0.0.1:{espalier.port}", token, problem="How long does a call take?") as tree:
            calls = _calls(tree)
    took, computed = (sorted(times) for times in zip(*calls, strict=True))
    over = sum(1 for milliseconds in took if milliseconds > 1)
    why = f"{CALLS:,} calls, median {1000 * took[CALLS // 2]:.1f} µs, {over} over 1 ms"
    return [
        Figure("record.call_p999_ms", round(took[CALLS * 999 // 1000], 3), "ms", 1.0, "lower", why),
        Figure("record.call_worst_ms", round(took[-1], 3), "ms", 1.0, "lower", why),
        Figure("record.call_worst_cpu_ms", round(computed[-1], 3), "ms", 1.0, "lower", "the thread's own CPU time"),
    ]


def _calls(tree: Recorder) -> list[tuple[float, float]]:
    """Per call the milliseconds that passed and those that its thread computed."""
    took = []
    parent = tree.root
    for number in range(CALLS // 2):
        began = _clocks()
        node = tree.add(parent, f"Step {number}: of a loop that never waits.", rewards={"prm": 0.5})
        added = _clocks()
        tree.score(node, judge=0.25)
        scored = _clocks()
        took += [_between(began, added), _between(added, scored)]
        parent = node if number % 50 else tree.root
        time.sleep(2 * PAUSE_SECONDS)
    return took


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


def _between(began: tuple[float, float], ended: tuple[float, float]) -> tuple[float, float]:
    return 1000 * (ended[0] - began[0]), 1000 * (ended[1] - began[1])
