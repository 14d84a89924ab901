"""Packing sequences into rows of one fixed shape, so that nothing is padded much and one compilation serves all.

Sequences in one row do not see each other: the attention mask is causal within a sequence, and positions start anew.
A sequence may branch: several continuations of one beginning share its tokens, and do not see each other either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

IGNORED = -100


@dataclass(frozen=True)
class Sequence:
    """Token ids and, for each token, the label to learn at it (`IGNORED` for none): a token id or a share.

    `parents` says for each token which one it follows (-1: none), for a sequence that branches; empty: the one before.
    `weights` says how much each label counts; empty: 1. `number` tells its tokens from others' in a batch.
    """

    ids: list[int]
    labels: list[int] | list[float]
    parents: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    number: int = 0


@dataclass(frozen=True)
class Batch:
    """All (rows, width) but `mask`: (rows, 1, width, width), True where attention may look. Labels are float32.

    `numbers` are those of the sequences that the tokens belong to; 0 also where there is none.
    """

    ids: Tensor
    labels: Tensor
    weights: Tensor
    positions: Tensor
    numbers: Tensor
    mask: Tensor


def pack(source: Iterator[Sequence], rows: int, width: int, pad: int) -> Batch:
    """Fill the rows first-fit from the source until it ends or 20 sequences in all found no room."""
    ids = np.full((rows, width), pad)
    labels = np.full((rows, width), IGNORED, dtype=np.float32)  # exact for whole numbers up to 2^24
    weights = np.ones((rows, width), dtype=np.float32)
    positions = np.zeros((rows, width), dtype=np.int64)
    numbers = np.zeros((rows, width), dtype=np.int64)
    mask = np.broadcast_to(np.eye(width, dtype=bool), (rows, width, width)).copy()
    used = [0] * rows
    refusals = 0
    for sequence in source:
        length = len(sequence.ids)
        row = next((i for i, taken in enumerate(used) if taken + length <= width), None)
        if row is None:
            # Sequences that do not fit are dropped; the bias towards short ones is tiny.
            refusals += 1
            if refusals >= 20:
                break
            continue
        span = slice(used[row], used[row] + length)
        ids[row, span] = sequence.ids
        labels[row, span] = sequence.labels
        if sequence.weights:
            weights[row, span] = sequence.weights
        numbers[row, span] = sequence.number
        positions[row, span], mask[row, span, span] = _ancestry(sequence)
        used[row] += length
    return Batch(*map(torch.from_numpy, (ids, labels, weights, positions, numbers, mask[:, None])))


def _ancestry(sequence: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """How many tokens precede each on its branch, and which: (length,) and (length, length) with each token itself."""
    length = len(sequence.ids)
    if not sequence.parents:
        return np.arange(length), np.tri(length, dtype=bool)
    visible = np.eye(length, dtype=bool)
    for token, parent in enumerate(sequence.parents):
        if parent >= 0:
            visible[token] |= visible[parent]
    return visible.sum(axis=1) - 1, visible
