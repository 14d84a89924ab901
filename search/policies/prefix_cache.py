"""Finished sequences' key–value rows, kept so that a child need not compute its parent's tokens again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Prefix:
    """The saved rows of the tokens `ids`; `extra` is the owner's (a reward keeps scores there)."""

    ids: tuple[int, ...]
    saved: torch.Tensor
    extra: Any = None


class PrefixCache:
    """Least recently used prefixes, bounded in bytes, found by the token ids they hold."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity = capacity_bytes
        self._held = 0
        self._prefixes: OrderedDict[int, Prefix] = OrderedDict()

    def __len__(self) -> int:
        return len(self._prefixes)

    def store(self, ids: tuple[int, ...], saved: torch.Tensor, extra: Any = None) -> None:
        """Keep a prefix; the least recently used ones make room."""
        size = _size(saved)
        if not ids or size > self._capacity:
            return
        key = _fingerprints(ids)[-1]
        former = self._prefixes.pop(key, None)
        if former is not None:
            self._held -= _size(former.saved)
        self._prefixes[key] = Prefix(ids, saved, extra)
        self._held += size
        while self._held > self._capacity:
            _, oldest = self._prefixes.popitem(last=False)
            self._held -= _size(oldest.saved)

    def longest(self, ids: Sequence[int], at_most: int) -> Prefix | None:
        """The longest kept prefix of `ids` that has `at_most` tokens or fewer."""
        if not self._prefixes:
            return None
        prints = _fingerprints(ids[:at_most])
        for length in range(len(prints), 0, -1):
            found = self._prefixes.get(prints[length - 1])
            if found is not None and found.ids == tuple(ids[:length]):
                self._prefixes.move_to_end(prints[length - 1])
                return found
        return None

    def holds(self, ids: tuple[int, ...]) -> bool:
        """True if exactly these tokens are kept."""
        found = self._prefixes.get(_fingerprints(ids)[-1]) if ids else None
        return found is not None and found.ids == ids

    def clear(self) -> None:
        """Forget everything."""
        self._prefixes.clear()
        self._held = 0


def _fingerprints(ids: Sequence[int]) -> list[int]:
    """A running hash of every prefix of `ids`; equal fingerprints still get compared token by token."""
    prints, fingerprint = [], 0
    for token in ids:
        fingerprint = hash((fingerprint, token))
        prints.append(fingerprint)
    return prints


def _size(saved: torch.Tensor) -> int:
    return saved.numel() * saved.element_size()
