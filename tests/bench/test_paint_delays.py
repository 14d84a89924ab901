"""The arithmetic of the live benchmark, on numbers worked out by hand."""

from __future__ import annotations

from app.bench.live import paint_delays, percentile


def test_each_event_counts_to_the_first_frame_that_shows_it() -> None:
    frames = [(2, 1000.0), (4, 1050.0), (9, 1200.0)]
    events = [(1, 900.0), (2, 990.0), (3, 1010.0), (4, 1040.0), (5, 1100.0), (9, 1190.0), (10, 1199.0)]
    # 1 and 2 are older than the first frame, 10 was never shown.
    assert paint_delays(frames, events) == [40.0, 10.0, 100.0, 10.0]


def test_a_page_that_never_drew_has_no_delays() -> None:
    assert paint_delays([], [(1, 5.0)]) == []


def test_the_nearest_rank_percentile() -> None:
    values = [float(value) for value in range(1, 21)]
    assert percentile(values, 0.95) == 19.0
    assert percentile(values, 0.5) == 10.0
    assert percentile([7.0], 0.95) == 7.0
