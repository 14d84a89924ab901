"""The counter-based generator: a golden stream, equality of both forms, and uniformity."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from search.randomness import uniform, uniforms


def test_the_stream_is_splitmix64_over_the_digest_of_the_names() -> None:
    """Recomputed here from the definition, so that stored runs stay repeatable."""
    state = int.from_bytes(hashlib.blake2b(b"int1:7str3:0.1", digest_size=8).digest(), "big")
    for t in range(5):
        z = (state + (t + 1) * 0x9E3779B97F4A7C15) % 2**64
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        assert uniform(7, "0.1", t) == ((z ^ (z >> 31)) >> 11) / 2**53


def test_both_forms_agree() -> None:
    assert uniforms(7, "0.1.2", count=100).tolist() == [uniform(7, "0.1.2", t) for t in range(100)]


@pytest.mark.parametrize(
    "other",
    [(2, "a", "b"), (1, "ab"), (1, "b", "a"), (1, "a", "b", 1), (1, "1"), (1, "a"), (-1, "a", "b")],
)
def test_other_names_give_other_numbers(other: tuple[int | str, ...]) -> None:
    seed, *keys = other
    assert uniform(int(seed), *keys) != uniform(1, "a", "b")


def test_numbers_are_uniform_within_a_stream_and_across_streams() -> None:
    within = uniforms(3, "x", count=50_000)
    across = np.array([uniform(3, f"0.{i}", 0) for i in range(50_000)])
    for numbers in (within, across):
        assert numbers.min() >= 0
        assert numbers.max() < 1
        cells, _ = np.histogram(numbers, bins=20, range=(0, 1))
        assert ((cells - 2500) ** 2 / 2500).sum() < 43.82  # chi-square, 19 degrees of freedom, 0.1 %
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.02
