"""Scores at chosen positions of many sequences: the two forward passes behind every reward model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from search.occupancy import Occupancy
from search.policies.llama import LlamaSlots
from search.policies.prefix_cache import PrefixCache
from search.policies.slot_cache import SlotCache
from search.rewards.readout import NOTHING, Begun, Readout
from search.rewards.scoring import Reading


class LlamaClassifier:
    """Scores on the lean Llama pass.

    Equal paths of a batch are computed once, what several begin with is computed once, and what was scored before
    (the parent, as a rule) not again.
    """

    def __init__(self, model: LlamaSlots, readout: Readout, prefix_bytes: int, occupancy: Occupancy) -> None:
        self._model = model
        self._readout = readout
        self._cache = SlotCache(model.shape)
        self._prefixes = PrefixCache(prefix_bytes)
        self._occupancy = occupancy

    def scores(self, readings: list[Reading]) -> list[list[float]]:
        """Per reading, the score at every scored position."""
        known: dict[tuple[int, ...], _Known] = {}
        waves = _waves(readings)
        for wave in waves:
            self._extend([piece for piece in wave if piece.ids not in known], known)
        for ids, found in known.items():
            if found.saved is not None and not any(score != score for score in found.scores):
                self._prefixes.store(ids, found.saved, found)
        return [known[reading.ids].scores for reading in readings]

    def _extend(self, pieces: list[Reading], known: dict[tuple[int, ...], _Known]) -> None:
        """Score readings in one pass, each from the longest beginning of it that is known."""
        if not pieces:
            return
        starts = [self._start(piece, known) for piece in pieces]
        width = max(len(piece.ids) - start.length for piece, start in zip(pieces, starts, strict=True))
        self._cache.reserve(len(pieces), max(len(piece.ids) for piece in pieces))
        ids = np.zeros((len(pieces), width), np.int64)
        for row, (piece, start) in enumerate(zip(pieces, starts, strict=True)):
            ids[row, : len(piece.ids) - start.length] = piece.ids[start.length :]
            if start.saved is not None:
                self._cache.load(row, start.saved, start.length)
        positions = np.array([start.length for start in starts])[:, None] + np.arange(width)
        positions = np.minimum(positions, self._model.context - 1)  # padding must not run out of positions
        longest = int(positions.max()) + 1
        self._cache.reserve(len(pieces), longest)
        hidden = self._model.forward(self._cache, 0, torch.from_numpy(ids), torch.from_numpy(positions), longest)
        begun = [start.begun for start in starts]
        found = self._readout(self._model.logits, hidden, pieces, begun)
        for row, (piece, start, scored) in enumerate(zip(pieces, starts, found, strict=True)):
            known[piece.ids] = _Known(scored, self._cache.save(row, len(piece.ids)))
            self._occupancy.reused_tokens += start.length
            self._occupancy.prefill_tokens += len(piece.ids) - start.length
            if any(score != score for score in scored.scores):
                self._cache.wipe(row)

    def _start(self, piece: Reading, known: dict[tuple[int, ...], _Known]) -> _Known:
        """What is known of a reading's beginning: in this batch, else among what was kept."""
        for place in reversed(piece.ends):
            if place + 1 < len(piece.ids) and (found := known.get(piece.ids[: place + 1])) is not None:
                return found
        prefix = self._prefixes.longest(piece.ids, len(piece.ids) - 1)
        # A kept path may have scored fewer or other places in what the two share: then it does not help.
        if prefix is not None and len(prefix.extra.scores) == sum(place < len(prefix.ids) for place in piece.scored):
            return _Known(prefix.extra.begun, prefix.saved)
        return _Known(NOTHING, None)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a sequence, and its saved rows."""

    begun: Begun
    saved: Tensor | None

    @property
    def length(self) -> int:
        return self.begun.length

    @property
    def scores(self) -> list[float]:
        return self.begun.scores


def _waves(readings: list[Reading]) -> list[list[Reading]]:
    """Sequences to compute, wave after wave: beginnings where paths of the batch part, then the paths themselves."""
    distinct = list({reading.ids: reading for reading in readings}.values())
    shared = Counter(reading.ids[: end + 1] for reading in distinct for end in reading.ends)
    waves: list[dict[tuple[int, ...], Reading]] = []
    for reading in distinct:
        beginnings = [reading.ids[: end + 1] for end in reading.ends]
        depth = 0
        for beginning, longer in pairwise(beginnings):
            if shared[beginning] > shared[longer]:
                places = tuple(place for place in reading.scored if place < len(beginning))
                _put(waves, depth, Reading(beginning, places, tuple(e for e in reading.ends if e < len(beginning))))
                depth += 1
        _put(waves, depth, reading)
    return [list(wave.values()) for wave in waves]


def _put(waves: list[dict[tuple[int, ...], Reading]], depth: int, reading: Reading) -> None:
    if depth == len(waves):
        waves.append({})
    waves[depth][reading.ids] = reading


class HuggingFaceClassifier:
    """A readout on the model's own forward pass, one padded batch."""

    def __init__(self, model: Any, head: nn.Module | None, readout: Readout, padding_id: int) -> None:
        """`head` None: the model's own output has the logits of every token."""
        self._model = model if head is None else model.base_model
        self._head = head
        self._readout = readout
        self._padding_id = padding_id

    def scores(self, readings: list[Reading]) -> list[list[float]]:
        """Per reading, the score at every scored position."""
        device = next(self._model.parameters()).device
        width = max(len(reading.ids) for reading in readings)
        ids = torch.full((len(readings), width), self._padding_id, dtype=torch.long)
        mask = torch.zeros((len(readings), width), dtype=torch.long)
        for row, reading in enumerate(readings):
            ids[row, : len(reading.ids)] = torch.tensor(reading.ids)
            mask[row, : len(reading.ids)] = 1
        output = self._model(input_ids=ids.to(device), attention_mask=mask.to(device))
        states = output.logits if self._head is None else output.last_hidden_state
        found = self._readout(self._head or nn.Identity(), states, readings, [NOTHING] * len(readings))
        return [begun.scores for begun in found]
