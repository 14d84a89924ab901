"""TF-IDF and k-means, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search.clustering import cluster_texts, k_means, tf_idf


def test_a_rare_term_weighs_more_than_a_common_one():
    # terms in order: "+", "2", "3", "sum"; "sum" is in all three texts, "2" in two, "+" and "3" in one
    rows = tf_idf(["sum 2 2", "Sum 2 + 3", "sum"])
    common, two, rare = 1.0, math.log(4 / 3) + 1, math.log(4 / 2) + 1
    first = np.array([0, 2 * two, 0, common])
    second = np.array([rare, two, rare, common])
    assert rows[0] == pytest.approx(first / math.sqrt(4 * two**2 + common**2))
    assert rows[1] == pytest.approx(second / math.sqrt(2 * rare**2 + two**2 + common**2))
    assert rows[2] == pytest.approx([0, 0, 0, 1])


def test_a_text_without_terms_is_a_zero_row():
    assert tf_idf(["", "a"]).tolist() == [[0.0], [1.0]]
    assert tf_idf([" ", ""]).tolist() == [[0.0], [0.0]]


def points(*values: float) -> np.ndarray:
    return np.array([[value] for value in values])


def test_centres_begin_far_apart_and_move_to_their_means():
    # first centre 0, then the farthest row 10; 5.2 goes to 10, whose centre moves to (10 + 5.2 + 9) / 3 = 8.07, so that
    # 4 (nearer to 0 at first, and to its mean 1.67 then: 2.33 against 4.07) stays
    assert k_means(points(0, 1, 10, 5.2, 9, 4), 2) == [0, 0, 1, 1, 1, 0]


def test_a_point_changes_its_cluster_when_the_centres_move():
    # centres 0 and 12: 7 goes to 12, 5 to 0. Means: (0 + 5) / 2 = 2.5 and (7 + 12 + 12 + 12) / 4 = 10.75: the middle
    # is 6.625, nothing moves. With 6.5 in place of 7: 6.5 joins 12 first (5.5 < 6.5), the mean is 10.625, the middle
    # 6.5625: it goes over to 2.5
    assert k_means(points(0, 5, 12, 7, 12, 12), 2) == [0, 0, 1, 1, 1, 1]
    assert k_means(points(0, 5, 12, 6.5, 12, 12), 2) == [0, 0, 1, 0, 1, 1]


def test_there_are_no_more_clusters_than_different_texts():
    assert cluster_texts(["a b", "a b", "a b"], 3) == [0, 0, 0]
    assert cluster_texts(["x", "y", "x", "y"], 3) == [0, 1, 0, 1]
    assert cluster_texts([], 2) == []


def test_clusters_are_numbered_as_they_appear():
    # three groups; the farthest from the first row is found before the nearer one, and still numbered later
    assert k_means(points(0, 4, 10, 0.1, 4.1, 10.1), 3) == [0, 1, 2, 0, 1, 2]
