"""Weights, effective sample size and resampling schemes against numbers worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.randomness import uniform
from search.resampling import effective_sample_size, logit, offspring, softmax, thinned, threshold, without_replacement


def draws(*numbers: float) -> Callable[[], float]:
    return iter(numbers).__next__


def test_weights_are_the_odds_of_the_reward():
    # odds of 0.5, 0.75, 0.2 are 1, 3, 1/4
    assert softmax([logit(0.5), logit(0.75), logit(0.2)]) == pytest.approx([4 / 17, 12 / 17, 1 / 17])
    # τ = 2 takes their square root
    assert softmax([logit(0.5), logit(0.75)], 2.0) == pytest.approx([1 / (1 + 3**0.5), 3**0.5 / (1 + 3**0.5)])


def test_drawing_without_replacement_takes_from_what_is_left():
    logits = [math.log(0.2), math.log(0.3), math.log(0.5)]
    # .1 falls into the first .2; then .5 into the second of .375 and .625: .5 is past .375
    assert without_replacement(logits, 1.0, 2, draws(0.1, 0.5)) == [0, 2]
    # τ = ½ squares the weights: .04, .09, .25 of .38; .3 is past .105 and not past .342
    assert without_replacement(logits, 0.5, 1, draws(0.3)) == [1]
    # no more than there is, and so cold that all but the best weigh 0: still the second best is second
    assert without_replacement([0.1, 0.3, 0.2], 1e-5, 5, draws(0.999, 0.999, 0.999)) == [1, 2, 0]
    assert without_replacement([], 1.0, 2, draws()) == []


def test_rewards_of_zero_and_one_are_clipped():
    assert logit(0.0) == pytest.approx(math.log(1e-7 / (1 - 1e-7)))
    assert logit(1.0) == pytest.approx(-logit(0.0))


def test_effective_sample_size():
    assert effective_sample_size([0.25] * 4) == pytest.approx(4.0)
    assert effective_sample_size([1.0, 0.0]) == pytest.approx(1.0)
    assert effective_sample_size([0.5, 0.25, 0.25]) == pytest.approx(8 / 3)


def test_systematic_resampling_spaces_one_draw_evenly():
    # points 0.1, 0.35, 0.6, 0.85 over the intervals [0, .5) [.5, .8) [.8, 1)
    assert offspring([0.5, 0.3, 0.2], 4, "systematic", draws(0.4)) == [2, 1, 1]


def test_stratified_resampling_draws_once_per_stratum():
    # points (0 + .9)/4, (1 + .9)/4, (2 + .9)/4, (3 + 0)/4 = .225, .475, .725, .75
    assert offspring([0.5, 0.3, 0.2], 4, "stratified", draws(0.9, 0.9, 0.9, 0.0)) == [2, 2, 0]


def test_multinomial_resampling_draws_each_particle():
    assert offspring([0.5, 0.3, 0.2], 3, "multinomial", draws(0.99, 0.5, 0.81)) == [0, 1, 2]


def test_residual_resampling_gives_whole_copies_first():
    # 4·w = 2, 1.2, 0.8: certain 2, 1, 0; one more from the residues .2 : .8
    assert offspring([0.5, 0.3, 0.2], 4, "residual", draws(0.19)) == [2, 2, 0]
    assert offspring([0.5, 0.3, 0.2], 4, "residual", draws(0.21)) == [2, 1, 1]
    assert offspring([0.5, 0.5], 4, "residual", draws()) == [2, 2]


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-6),
    st.integers(1, 40),
    st.sampled_from(["multinomial", "systematic", "stratified", "residual"]),
    st.integers(0, 2**32),
)
def test_any_weights_give_n_offspring_and_none_to_a_weight_of_zero(raw, n, scheme, seed):
    weights = [w / math.fsum(raw) for w in raw]
    counter = iter(range(1000))
    copies = offspring(weights, n, scheme, lambda: uniform(seed, "draw", next(counter)))
    assert sum(copies) == n
    assert all(c == 0 for c, w in zip(copies, weights, strict=True) if w == 0)
    if scheme in ("systematic", "residual"):
        low = [math.floor(n * w - 1e-9) for w in weights]
        assert all(c >= least for c, least in zip(copies, low, strict=True))


def test_the_threshold_of_thinning_by_hand():
    assert threshold([0.5, 0.25, 0.25], 3) == 0.0  # nobody has to go
    assert threshold([0.5, 0.5, 0.0], 2) == 0.0  # the one without weight goes anyway
    assert threshold([1 / 3] * 3, 2) == pytest.approx(0.5)
    # .6 stays for certain, .4 is left for one place: c = .4, and .6/.4 counts as 1
    assert threshold([0.6, 0.2, 0.1, 0.1], 2) == pytest.approx(0.4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=12), st.integers(1, 12))
def test_thinning_keeps_each_with_its_probability_and_copies_nobody(weights, n):
    c = threshold(weights, n)
    points = [(i + 0.5) / 2000 for i in range(2000)]
    kept = [thinned(weights, n, lambda at=at: at) for at in points]
    assert all(sum(counts) == min(n, len(weights)) for counts in kept)
    for place, weight in enumerate(weights):
        share = sum(counts[place] for counts in kept) / len(points)
        assert share == pytest.approx(1.0 if c == 0 else min(1.0, weight / c), abs=2e-3)
