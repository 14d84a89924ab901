"""The benchmark of a fast journal counts frames as a person would."""

from __future__ import annotations

from app.bench.live_flood import frames_each_second


def test_a_second_without_a_frame_counts_as_none() -> None:
    times = [900.0, *(1000.0 + 50 * i for i in range(20)), 3000.0, 3500.0, 4100.0]
    assert frames_each_second(times) == [20, 0, 2]
