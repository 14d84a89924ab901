"""The rows of a forward pass: what stands in the cache, what is fed next, and how rows come, part and go.

A row is a distinct sequence, whoever continues it. A prompt enters where a kept prefix ends; its last token is never
prefilled, it is fed in the common pass, so logits come from one place only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from search.occupancy import Occupancy
from search.policies.prefix_cache import PrefixCache
from search.policies.slot_cache import SlotCache

if TYPE_CHECKING:
    from search.policies.slot_model import SlotModel

PREFILL_TOKENS = 2048
"""Tokens of one prefill pass, padding included: bounds its memory and how long the other rows wait."""

Ids = tuple[int, ...]


class Rows:
    """Rows 0 to `count` − 1 are in use."""

    def __init__(self, model: SlotModel, most: int, prefix_bytes: int, occupancy: Occupancy) -> None:
        """`most`: rows in use at once. What prefills and kept prefixes come to is counted in `occupancy`."""
        self.count = 0
        self._model = model
        self._occupancy = occupancy
        self._cache = SlotCache(model.shape)
        self._prefixes = PrefixCache(prefix_bytes)
        self._length: NDArray[np.int64] = np.zeros(most, np.int64)  # tokens in the cache
        self._next: NDArray[np.int64] = np.zeros(most, np.int64)  # the token to feed

    def clear(self) -> None:
        """Forget all rows and kept prefixes (after an error nothing stored can be trusted)."""
        self.count = 0
        self._prefixes.clear()
        self._cache = SlotCache(self._model.shape)

    # ---- coming in ------------------------------------------------------------------------------------------

    def enter(self, prompts: Sequence[Ids], longest: int) -> list[int]:
        """Take in prompts, none of them empty, which may grow to `longest` tokens; their order in the new rows."""
        known = []
        for ids in prompts:
            kept = self._prefixes.longest(ids, len(ids) - 1)
            known.append(len(kept.ids) if kept else 0)
        # The longest prefills lie together, first.
        order = sorted(range(len(prompts)), key=lambda at: known[at] - len(prompts[at]))
        first = self.count
        self._cache.reserve(first + len(prompts), longest)
        for row, at in enumerate(order, start=first):
            ids = prompts[at]
            self._length[row], self._next[row] = len(ids) - 1, ids[-1]
            kept = self._prefixes.longest(ids, known[at]) if known[at] else None
            if kept is not None:
                self._cache.load(row, kept.saved, known[at])
                self._occupancy.reused_tokens += known[at]
        self.count += len(prompts)
        self._prefill(first, [(known[at], prompts[at]) for at in order])
        return order

    def _prefill(self, first: int, entering: list[tuple[int, Ids]]) -> None:
        """Compute all but the last token of the entering prompts, those of similar length in one pass."""
        at = 0
        while at < len(entering) and len(entering[at][1]) - 1 > entering[at][0]:
            width = len(entering[at][1]) - 1 - entering[at][0]
            rows = max(1, PREFILL_TOKENS // width)
            chunk = [
                (known, ids)
                for known, ids in entering[at : at + rows]
                if 2 * (len(ids) - 1 - known) >= width  # sorted by length: a much shorter one opens the next pass
            ]
            ids_in = np.zeros((len(chunk), width), np.int64)
            starts = np.array([known for known, _ in chunk])
            for row, (known, ids) in enumerate(chunk):
                ids_in[row, : len(ids) - 1 - known] = ids[known:-1]
            # Padding must not run out of the table of positions.
            positions = np.minimum(starts[:, None] + np.arange(width), self._model.context - 1)
            longest = int(positions.max()) + 1
            self.reserve(longest)
            self._model.prefill(self._cache, first + at, torch.from_numpy(ids_in), torch.from_numpy(positions), longest)
            self._occupancy.prefill_tokens += sum(len(ids) - 1 - known for known, ids in chunk)
            for row, (_, ids) in enumerate(chunk):
                self.keep(first + at + row, ids[:-1])
            at += len(chunk)

    def keep(self, row: int, ids: Ids) -> None:
        """Keep what the row has computed of these ids, for prompts to come."""
        if not self._prefixes.holds(ids):
            self._prefixes.store(ids, self._cache.save(row, len(ids)))

    def reserve(self, longest: int) -> None:
        """Room for a row of so many tokens."""
        self._cache.reserve(self.count, longest)

    # ---- passes ---------------------------------------------------------------------------------------------

    def decode(self) -> Tensor:
        """Feed every row its next token; logits (rows, the model's vocabulary)."""
        positions = self._length[: self.count]
        fed = torch.from_numpy(self._next[: self.count])
        logits = self._model.decode(self._cache, fed, torch.from_numpy(positions), int(positions.max()) + 1)
        self._length[: self.count] += 1
        return logits

    def next_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The tokens that these rows are fed next."""
        return self._next[rows]

    def part(self, rows: NDArray[np.int64], tokens: NDArray[np.int64], vocabulary: int) -> NDArray[np.int64]:
        """Go on with these rows, each by its token, and drop the others: the new row of each.

        A row that is there twice with different tokens becomes two.
        """
        sequences, sequence_of = np.unique(rows * vocabulary + tokens, return_inverse=True)
        sources, fed = np.divmod(sequences, vocabulary)
        keeps_row = np.ones(len(sources), np.bool_)
        keeps_row[1:] = sources[1:] != sources[:-1]
        count = len(sequences)
        self._cache.reserve(count, 0)
        occupied = np.zeros(max(self.count, count), np.bool_)
        occupied[sources] = True
        # Rows nobody reads any more take the copies; a sequence that lies beyond the last row moves down.
        vacant = iter(np.flatnonzero(~occupied[:count]).tolist())
        targets = sources.copy()
        for which in np.flatnonzero(~keeps_row | (sources >= count)).tolist():
            targets[which] = next(vacant)
            self._cache.copy(int(sources[which]), int(targets[which]), int(self._length[sources[which]]))
        lengths = self._length[sources]
        self._length[targets] = lengths
        self._next[targets] = fed
        self.count = count
        parted: NDArray[np.int64] = targets[sequence_of]
        return parted

    def wipe(self, row: int) -> None:
        """Leave nothing of a row in the cache that could spoil who comes after it."""
        self._cache.wipe(row)
