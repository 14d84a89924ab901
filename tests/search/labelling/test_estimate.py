"""Math-Shepherd's two estimates, and exact truth, on numbers one can check."""

from __future__ import annotations

import pytest

from search.labelling.estimate import Estimate
from search.labelling.exact import exact_ratings
from search.reducer import fold
from search.truth import Truth
from tests.search.support.journals import FOLDER


@pytest.mark.parametrize(
    ("right", "soft", "soft_rating", "hard", "hard_rating"),
    [(0, 0.0, -1, 0.0, -1), (1, 0.125, -1, 1.0, 1), (4, 0.5, 1, 1.0, 1), (8, 1.0, 1, 1.0, 1)],
)
def test_soft_and_hard_of_eight(right: int, soft: float, soft_rating: int, hard: float, hard_rating: int) -> None:
    estimate = Estimate(right, 8)
    assert (estimate.value("soft"), estimate.rating("soft")) == (soft, soft_rating)
    assert (estimate.value("hard"), estimate.rating("hard")) == (hard, hard_rating)


@pytest.mark.parametrize(("right", "of"), [(2, 1), (-1, 4), (0, 0)])
def test_counts_that_cannot_be(right: int, of: int) -> None:
    with pytest.raises(ValueError, match="completions"):
        Estimate(right, of)


def test_exact_truth_of_a_countdown() -> None:
    """3 5 7 11 -> 24 by hand: 11 - 5 = 6, then 7 - 3 = 4, then 6 * 4 = 24. After 3 + 5 = 8 nothing makes 24 of
    7 8 11? 8 * (11 - 7) = 32, (11 + 7) + 8 = 26, 11 * 8 - 7 = 81, 7 * 8 - 11 = 45, 7 * 11 ± 8: none is 24.
    """
    from search.events import Event

    def node(index: int, parent: int | None, text: str) -> Event:
        return Event(
            index + 1,
            "node_added",
            {
                "index": index, "parents": [] if parent is None else [parent], "depth": 0, "kind": "step",
                "key": str(index), "text": text, "tokens": 0, "finish": None if parent is None else "step",
                "logprob": None, "prior": None,
            },
        )  # fmt: skip

    tree = fold(
        [
            node(0, None, "3 5 7 11 -> 24"),
            node(1, 0, "11 - 5 = 6 (left: 3 6 7)"),
            node(2, 1, "7 - 3 = 4 (left: 4 6)"),
            node(3, 2, "6 * 4 = 24 (left: 24)"),
            node(4, 0, "3 + 5 = 8 (left: 7 8 11)"),
            node(5, 1, "6 + 7 = 12 (left: 3 12)"),  # not even true
        ]
    )
    truth = Truth.of("3 5 7 11 -> 24", None, "countdown")
    assert exact_ratings(tree, truth) == {1: 1, 2: 1, 3: 1, 4: -1, 5: -1}


def test_where_nobody_knows() -> None:
    with (FOLDER / "beam_steered.jsonl").open() as stream:
        from search.events import read_jsonl

        _, events = read_jsonl(stream)
    assert exact_ratings(fold(events), None) == {}
    assert exact_ratings(fold(events), Truth.of("How many?", "3", "exact_match")) == {}
