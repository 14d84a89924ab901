"""Held-out problems stay held out."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

from search.demo.corpus import examples
from search.demo.splits import split_of
from search.domains import DOMAINS, domain_of
from search.domains.game_of_24 import puzzles


def test_the_split_never_moves() -> None:
    # Pinned: moving a problem between sides would let new weights train on what old figures were measured on.
    assert split_of("1 1 1 1 -> 25") == PINNED["1 1 1 1 -> 25"]
    assert {text: split_of(text) for text in PINNED} == PINNED


PINNED = {
    "1 1 1 1 -> 25": "train",
    "3 5 7 11 -> 24": "test",
    "3 5 7 11 -> 25": "train",
    "2 6 10 11 -> 17": "dev",
    "28 + (87 - (3 + (15 + (39 - 4))))": "dev",
    "((38 + 47) * 6 - 91) * 2": "train",
}


def test_game_of_24_is_held_out_whole() -> None:
    assert len(puzzles()) == 1362
    assert {split_of(puzzle) for puzzle in puzzles()} == {"test"}


def test_the_numbers_alone_decide() -> None:
    rng = random.Random(0)
    for _ in range(50):
        numbers = [rng.randint(1, 13) for _ in range(4)]
        mixed = rng.sample(numbers, 4)
        targets = [t for t in rng.sample(range(10, 101), 3) if t != 24]
        assert len({split_of(f"{' '.join(map(str, n))} -> {t}") for n in (numbers, mixed) for t in targets}) == 1
        a, b, c = numbers[:3]
        assert split_of(f"{a} + {b} * {c}") == split_of(f"({c} - {a}) + {b}")


def test_about_nine_in_ten_are_trained_on() -> None:
    rng = random.Random(1)
    sides = Counter(split_of(DOMAINS["countdown"].generate(rng, 4)) for _ in range(2000))
    assert 0.85 < sides["train"] / 2000 < 0.93
    assert 0.03 < sides["dev"] / 2000 < 0.07


@pytest.mark.parametrize("split", ["train", "dev"])
def test_examples_are_right_and_of_their_split(split: str) -> None:
    for example in islice(examples(random.Random(2), split), 60):  # type: ignore[arg-type]
        domain = domain_of(example.problem)
        assert domain is not None
        assert split_of(example.problem) == split
        assert domain.canonical_text(example.problem) == example.problem
        assert domain.verify(example.problem, example.steps)
        assert domain.first_error(example.problem, example.steps) is None


def test_other_texts_have_no_split() -> None:
    with pytest.raises(ValueError, match="no Countdown or Arithmetic"):
        split_of("How many eggs?")
