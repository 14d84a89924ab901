"""How full batches were: quantiles and shares by hand, the course over time, and what the engine itself reports."""

from __future__ import annotations

import asyncio

import pytest

from search.occupancy import SECONDS_KEPT, BatchSizes
from search.policies.base import Sampling, StepRequest
from search.policies.transformers import TransformersPolicy
from search.templates import EMBEDDED_POLICY
from tests.search.support.tiny import tiny_policy


def filled(*batches: tuple[float, int, bool]) -> BatchSizes:
    """At so many seconds after the start a batch of such a size, others waiting or not."""
    times = iter([100.0, *(100.0 + at for at, _, _ in batches)])
    sizes = BatchSizes(lambda: next(times))
    for _, size, waiting in batches:
        sizes.add(size, waiting=waiting)
    return sizes


def test_quantiles_and_shares_count_batches():
    sizes = filled((0, 4, False), (0.5, 8, True), (2.1, 8, True), (2.9, 1, False))
    assert [sizes.quantile(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)] == [1, 1, 4, 8, 8]
    assert (sizes.batches, sizes.turned_away) == (4, 2)
    assert (sizes.share(at_least=8), sizes.share(below=4), sizes.share()) == (0.5, 0.25, 1.0)
    assert [(second.at, second.batches, second.mean) for second in sizes.over_time()] == [(0, 2, 6.0), (2, 2, 4.5)]


def test_without_a_batch_there_is_nothing_to_tell():
    sizes = BatchSizes()
    assert (sizes.quantile(0.5), sizes.share(), sizes.over_time()) == (0, 0.0, [])


def test_the_course_over_time_does_not_grow_without_end():
    sizes = filled(*((float(second), 1, False) for second in range(SECONDS_KEPT + 10)))
    assert len(sizes.over_time()) == SECONDS_KEPT
    assert sizes.batches == SECONDS_KEPT + 10


@pytest.mark.parametrize("places", [4, 64])
def test_an_engine_tells_the_samples_of_every_pass(tmp_path, places):
    """Ten samples of two tokens each: in four places they come in turn, in 64 together."""
    policy = TransformersPolicy("tiny", tiny_policy(tmp_path), EMBEDDED_POLICY, dtype="float64", slots=places)
    sampling = Sampling(1.0, stop=("never",))
    asked = [StepRequest("3 5 -> 8\n", 1, f"0.{i}", 2, sampling) for i in range(10)]
    try:
        written = asyncio.run(policy.generate(asked))
    finally:
        policy.close()
    sizes = policy.occupancy.sizes
    assert sum(size * count for size, count in sizes.counts.items()) == sum(sample.tokens for sample in written)
    if places == 4:
        assert max(sizes.counts) == 4
        assert sizes.turned_away > 0
    else:
        assert sizes.counts[10] >= 1
        assert sizes.turned_away == 0
