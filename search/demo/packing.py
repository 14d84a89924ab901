"""Packing sequences into rows of one fixed shape, so that nothing is padded much and one compilation serves all.

Sequences in one row do not see each other: the attention mask is causal within a sequence, and positions start anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

IGNORED = -100


@dataclass(frozen=True)
class Sequence:
    """Token ids and, for each token, the label to learn at it (`IGNORED` for none)."""

    ids: list[int]
    labels: list[int]


@dataclass(frozen=True)
class Batch:
    """`ids`, `labels`, `positions`: (rows, width); `mask`: (rows, 1, width, width), True where attention may look."""

    ids: Tensor
    labels: Tensor
    positions: Tensor
    mask: Tensor


def pack(source: Iterator[Sequence], rows: int, width: int, pad: int) -> Batch:
    """Fill the rows first-fit from the source until `rows` sequences in a row found no room."""
    ids = torch.full((rows, width), pad)
    labels = torch.full((rows, width), IGNORED)
    positions = torch.zeros((rows, width), dtype=torch.long)
    owner = torch.zeros((rows, width), dtype=torch.long)
    used = [0] * rows
    refusals, count = 0, 0
    for sequence in source:
        length = len(sequence.ids)
        row = next((i for i, taken in enumerate(used) if taken + length <= width), None)
        if row is None:
            # Sequences that do not fit are dropped; the source is endless and the bias towards short ones tiny.
            refusals += 1
            if refusals >= 20:
                break
            continue
        count += 1
        span = slice(used[row], used[row] + length)
        ids[row, span] = torch.tensor(sequence.ids)
        labels[row, span] = torch.tensor(sequence.labels)
        positions[row, span] = torch.arange(length)
        owner[row, span] = count
        used[row] += length
    same = owner[:, :, None] == owner[:, None, :]
    mask = same & torch.ones(width, width, dtype=torch.bool).tril()
    return Batch(ids, labels, positions, mask[:, None])
