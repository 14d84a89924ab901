"""Groups of similar texts: TF-IDF vectors and k-means, deterministic to the last label.

Our own, and small: scikit-learn is no requirement yet and would come for these sixty lines alone, its default tokens
drop the one-digit numbers that arithmetic is made of, and its k-means draws its first centres at random, tying
a rerun to its version. The weights are the usual ones: term counts times ln((1 + n) / (1 + df)) + 1, as unit rows.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_TERM = re.compile(r"\w+|[^\w\s]")
_ROUNDS = 100


def tf_idf(texts: Sequence[str]) -> Matrix:
    """One unit row per text, one column per term (a word, a number or a sign); a text without terms is a zero row."""
    counts = [Counter(_TERM.findall(text.lower())) for text in texts]
    terms = sorted({term for count in counts for term in count})
    matrix = np.zeros((len(texts), max(1, len(terms))))
    for column, term in enumerate(terms):
        found = sum(term in count for count in counts)
        idf = math.log((1 + len(texts)) / (1 + found)) + 1
        for row, count in enumerate(counts):
            matrix[row, column] = count[term] * idf
    lengths = np.sqrt((matrix**2).sum(axis=1, keepdims=True))
    return np.divide(matrix, lengths, out=matrix, where=lengths > 0)


def k_means(points: Matrix, k: int) -> list[int]:
    """A label per row, numbered in the order in which clusters first appear; at most `k` clusters, none of them empty.

    The first centre is the first row, each further one the row farthest from all centres so far ("maximin"); then
    Lloyd's iterations. Ties go to the older centre or row, distances that differ by less than 1e-9 are equal.
    """
    if not len(points):
        return []
    centres = points[:1]
    while len(centres) < k:
        nearest = _distances(points, centres).min(axis=1)
        if not nearest.max() > 0:
            break
        centres = np.vstack([centres, points[nearest.argmax()]])
    labels = _distances(points, centres).argmin(axis=1)
    for _ in range(_ROUNDS):
        members = [points[labels == cluster] for cluster in range(len(centres))]
        centres = np.vstack([own.mean(axis=0) if len(own) else centres[i] for i, own in enumerate(members)])
        moved = _distances(points, centres).argmin(axis=1)
        if (moved == labels).all():
            break
        labels = moved
    number = {label: i for i, label in enumerate(dict.fromkeys(labels.tolist()))}
    return [number[label] for label in labels.tolist()]


def cluster_texts(texts: Sequence[str], k: int) -> list[int]:
    """The cluster of each text among at most `k`."""
    return k_means(tf_idf(texts), k)


def _distances(points: Matrix, centres: Matrix) -> Matrix:
    """Squared distances, shape (points, centres); a centre at a time: vocabularies are large."""
    return np.round(np.stack([((points - centre) ** 2).sum(axis=1) for centre in centres], axis=1), 9)
