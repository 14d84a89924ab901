"""Agreement by hand, and by a library that is nobody's relative of ours."""

from __future__ import annotations

from collections.abc import Hashable

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotation.agreement.measures import Level, cohen_kappa, krippendorff_alpha, pairs

Codes = dict[str, dict[Hashable, int]]


def of(**lists: list[int | None]) -> Codes:
    """Annotator → their codes of the units 0, 1, …; None is missing."""
    return {name: {unit: code for unit, code in enumerate(codes) if code is not None} for name, codes in lists.items()}


def test_kappa_by_hand() -> None:
    """Ten steps, seven alike. By chance: good .6 × .5, neutral .1 × .2, bad .3 × .3, together .41; (.7 − .41) / .59."""
    ann = [1, 1, 1, 1, 1, 1, 0, -1, -1, -1]
    bob = [1, 1, 1, 1, 0, -1, 0, -1, -1, 1]
    assert cohen_kappa(ann, bob) == pytest.approx(0.29 / 0.59)


def test_kappa_where_there_is_no_chance_to_correct_for() -> None:
    assert cohen_kappa([1, 1], [1, 1]) is None
    assert cohen_kappa([], []) is None
    assert cohen_kappa([1, -1], [-1, 1]) == -1


def test_nominal_alpha_by_hand() -> None:
    """Four units, two people: (1 1) (−1 −1) (1 −1) (1 1). Coincidences: o(1,1) = 4, o(−1,−1) = 2, off these 1 and 1;
    n = 8, n(1) = 5, n(−1) = 3. α = 1 − 7 · 2 / (2 · 5 · 3) = 1 − 14/30."""
    assert krippendorff_alpha(of(a=[1, -1, 1, 1], b=[1, -1, -1, 1]), "nominal") == pytest.approx(1 - 14 / 30)


def test_ordinal_alpha_by_hand() -> None:
    """Units (−1 −1) (0 1) (1 1) (0 0): n(−1) = 2, n(0) = 3, n(1) = 3, n = 8.

    δ²: (−1, 0) = (2 + 3 − 5/2)² = 6.25; (0, 1) = (3 + 3 − 3)² = 9; (−1, 1) = (2 + 3 + 3 − 5/2)² = 30.25.
    Observed: o(0,1) = o(1,0) = 1 → 18. Expected: 2 (2·3·6.25 + 3·3·9 + 2·3·30.25) / 7 = 2 · 300 / 7.
    """
    codes = of(a=[-1, 0, 1, 0], b=[-1, 1, 1, 0])
    assert krippendorff_alpha(codes, "ordinal") == pytest.approx(1 - 18 * 7 / 600)


def test_a_unit_that_one_person_judged_does_not_count() -> None:
    alone = of(a=[1, -1, 1, 1, -1], b=[1, -1, -1, 1, None])
    assert krippendorff_alpha(alone, "nominal") == pytest.approx(1 - 14 / 30)
    assert [(pair.units, pair.same) for pair in pairs(alone)] == [(4, 3)]


def test_alpha_that_is_undefined() -> None:
    assert krippendorff_alpha({}, "nominal") is None
    assert krippendorff_alpha(of(a=[1, 0], b=[None, None]), "nominal") is None
    assert krippendorff_alpha(of(a=[1, 1], b=[1, 1]), "ordinal") is None


def test_pairs_are_those_with_something_in_common() -> None:
    codes = of(ann=[1, -1, None], bob=[1, 1, 0], eve=[None, None, 0])
    assert [(pair.first, pair.second, pair.units, pair.same) for pair in pairs(codes)] == [
        ("ann", "bob", 2, 1), ("bob", "eve", 1, 1),
    ]  # fmt: skip


judgements = st.lists(st.lists(st.sampled_from([-1, 0, 1, None]), min_size=6, max_size=6), min_size=2, max_size=4)


@given(judgements, st.sampled_from(["nominal", "ordinal"]))
def test_alpha_as_the_library_has_it(lists: list[list[int | None]], level: Level) -> None:
    ours = krippendorff_alpha(of(**{f"p{place}": codes for place, codes in enumerate(lists)}), level)
    table = np.array([[np.nan if code is None else code for code in codes] for codes in lists], dtype=float)
    if ours is None:
        return
    assert ours == pytest.approx(krippendorff.alpha(table, level_of_measurement=level), abs=1e-12)
