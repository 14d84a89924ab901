"""Key–value memory of a transformer for many sequences at once, each with a length of its own.

A slot is one sequence's rows in every layer. Slots in use are always 0 … n − 1, so a batch is a slice and never a
gather; a freed slot is filled by moving the last one into it. Values beyond a sequence's length are garbage that the
attention mask hides: finite garbage, because a NaN would leak through a mask (0 · NaN).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class CacheShape:
    """What one token needs: `layers` × (key, value) × `heads` × `head_size` numbers of `dtype`."""

    layers: int
    heads: int
    head_size: int
    dtype: torch.dtype
    device: torch.device

    @property
    def bytes_per_token(self) -> int:
        """Memory of one token in all layers."""
        return self.layers * 2 * self.heads * self.head_size * self.dtype.itemsize


class SlotCache:
    """Preallocated memory of shape (layers, 2, slots, heads, length, head_size); grows by doubling when asked."""

    def __init__(self, shape: CacheShape, slots: int = 8, length: int = 64) -> None:
        self.shape = shape
        self.memory = self._allocate(slots, length)

    def _allocate(self, slots: int, length: int) -> torch.Tensor:
        shape = self.shape
        size = (shape.layers, 2, slots, shape.heads, length, shape.head_size)
        return torch.zeros(size, dtype=shape.dtype, device=shape.device)

    @property
    def slots(self) -> int:
        """How many sequences fit without growing."""
        return self.memory.shape[2]

    @property
    def length(self) -> int:
        """How many tokens of a sequence fit without growing."""
        return self.memory.shape[4]

    def reserve(self, slots: int, length: int) -> None:
        """Make room for `slots` sequences of `length` tokens; what is stored stays."""
        if slots <= self.slots and length <= self.length:
            return
        old = self.memory
        self.memory = self._allocate(_grown(self.slots, slots), _grown(self.length, length))
        self.memory[:, :, : old.shape[2], :, : old.shape[4]] = old

    def copy(self, source: int, target: int, length: int) -> None:
        """Give slot `target` the first `length` tokens of slot `source`."""
        self.memory[:, :, target, :, :length] = self.memory[:, :, source, :, :length]

    def spread(self, source: int, targets: slice, length: int) -> None:
        """Give every slot of `targets` the first `length` tokens of slot `source`."""
        self.memory[:, :, targets, :, :length] = self.memory[:, :, source, :, :length].unsqueeze(2)

    def save(self, slot: int, length: int) -> torch.Tensor:
        """A copy of the slot's first `length` tokens, shape (layers, 2, heads, length, head_size)."""
        return self.memory[:, :, slot, :, :length].clone()

    def load(self, slot: int, saved: torch.Tensor, length: int) -> None:
        """Put the first `length` tokens of what `save` gave into a slot."""
        self.memory[:, :, slot, :, :length] = saved[:, :, :, :length]

    def wipe(self, slot: int) -> None:
        """Overwrite a slot that may hold NaN."""
        self.memory[:, :, slot] = 0


def _grown(now: int, wanted: int) -> int:
    while now < wanted:
        now *= 2
    return now
