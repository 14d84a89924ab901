"""The engine of a process reward: scores the paths of all running searches in merged batches."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from search.batching import Call, Occupancy
from search.policies.llama import LlamaSlots
from search.policies.prefix_cache import PrefixCache
from search.policies.sampler import rounded
from search.policies.slot_cache import SlotCache
from search.rewards.base import PathScore, RewardError, ScoreRequest


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model reads for one request: token ids, and the position in them of every scored token."""

    ids: tuple[int, ...]
    scored: tuple[int, ...]


class Reader(Protocol):
    """Turns a request into ids; raises RewardError where it cannot."""

    def __call__(self, request: ScoreRequest) -> Reading: ...


class Classifier(Protocol):
    """Label logits at chosen places of a batch of sequences."""

    def scores(self, readings: list[Reading]) -> list[list[float]]:
        """Per reading, the score at every scored position."""


@dataclass(slots=True)
class _Waiting:
    call: Call[ScoreRequest, PathScore]
    position: int
    reading: Reading


class Scorer:
    """The engine of one reward model (see `search.batching.Engine`)."""

    def __init__(self, name: str, classifier: Classifier, read: Reader, rows: int, threads: int) -> None:
        self.name = name
        self.occupancy = Occupancy()
        self._classifier = classifier
        self._read = read
        self._rows = rows
        self._threads = threads
        self._waiting: deque[_Waiting] = deque()

    def start(self) -> None:
        """Set this thread's share of the processor."""
        torch.set_num_threads(self._threads)

    def admit(self, call: Call[ScoreRequest, PathScore]) -> None:
        """Tokenise a call's paths and queue them. Raises RewardError for a path the model cannot read."""
        waiting = [_Waiting(call, position, self._read(request)) for position, request in enumerate(call.requests)]
        self._waiting.extend(waiting)

    @torch.inference_mode()
    def advance(self) -> bool:
        """Score one batch of what waits."""
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < self._rows:
            waiting = self._waiting.popleft()
            if not (waiting.call.done or waiting.call.aborted):
                batch.append(waiting)
        if not batch:
            return False
        self.occupancy.forwards += 1
        self.occupancy.rows += len(batch)
        for waiting, scores in zip(batch, self._classifier.scores([w.reading for w in batch]), strict=True):
            self.occupancy.tokens += len(waiting.reading.ids)
            self._hand_back(waiting, scores)
        return True

    def drop_everything(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def _hand_back(self, waiting: _Waiting, scores: list[float]) -> None:
        wanted = len(waiting.call.requests[waiting.position].steps)
        if len(scores) != wanted:
            waiting.call.fail(RewardError(f"{self.name} gave {len(scores)} scores for a path of {wanted} steps."))
        elif any(score != score for score in scores):
            step = next(i for i, score in enumerate(scores, start=1) if score != score)
            waiting.call.fail(RewardError(f"{self.name} gave NaN for step {step} of a path of {wanted} steps."))
        else:
            waiting.call.resolve(waiting.position, PathScore(tuple(scores), len(waiting.reading.ids)))


class LlamaClassifier:
    """Token classification on the lean Llama pass; a path's parent, scored before, is not computed again."""

    def __init__(self, model: LlamaSlots, label: int, prefix_bytes: int, occupancy: Occupancy) -> None:
        self._model = model
        self._label = label
        self._cache = SlotCache(model.shape)
        self._prefixes = PrefixCache(prefix_bytes)
        self._occupancy = occupancy

    def scores(self, readings: list[Reading]) -> list[list[float]]:
        """Per reading, the probability of the label at every scored position."""
        known: list[list[float]] = []
        starts: list[int] = []
        longest = max(len(reading.ids) for reading in readings)
        self._cache.reserve(len(readings), longest)
        for row, reading in enumerate(readings):
            prefix = self._prefixes.longest(reading.ids, len(reading.ids) - 1)
            starts.append(len(prefix.ids) if prefix else 0)
            known.append([])
            if prefix is not None:
                self._cache.load(row, prefix.saved, len(prefix.ids))
                stored: dict[int, float] = prefix.extra
                # Scores of places the path shares with the kept one; a place not scored then is computed anew.
                if all(place in stored for place in reading.scored if place < starts[row]):
                    known[row] = [stored[place] for place in reading.scored if place < starts[row]]
                else:
                    starts[row] = 0
        width = max(len(reading.ids) - start for reading, start in zip(readings, starts, strict=True))
        ids = torch.zeros((len(readings), width), dtype=torch.long)
        for row, (reading, start) in enumerate(zip(readings, starts, strict=True)):
            ids[row, : len(reading.ids) - start] = torch.tensor(reading.ids[start:])
        positions = torch.tensor(starts).unsqueeze(1) + torch.arange(width)
        limit = min(int(positions.max()) + 1, self._model.context)
        self._cache.reserve(len(readings), limit)
        hidden = self._model.forward(self._cache, 0, ids, positions.clamp_(max=limit - 1), limit)
        places = [
            (row, place - starts[row])
            for row, reading in enumerate(readings)
            for place in reading.scored
            if place >= starts[row]
        ]
        new = iter(label_scores(self._model.logits(hidden[tuple(torch.tensor(places).t())]), self._label))
        results = []
        for row, reading in enumerate(readings):
            scores = known[row] + [next(new) for place in reading.scored if place >= starts[row]]
            results.append(scores)
            self._occupancy.reused_tokens += starts[row]
            self._occupancy.prefill_tokens += len(reading.ids) - starts[row]
            if any(score != score for score in scores):
                self._cache.wipe(row)
            else:
                stored = dict(zip(reading.scored, scores, strict=True))
                self._prefixes.store(reading.ids, self._cache.save(row, len(reading.ids)), stored)
        return results


class HuggingFaceClassifier:
    """Token classification through the model's own forward pass, one padded batch."""

    def __init__(self, model: torch.nn.Module, label: int, padding_id: int) -> None:
        self._model = model
        self._label = label
        self._padding_id = padding_id

    def scores(self, readings: list[Reading]) -> list[list[float]]:
        """Per reading, the probability of the label at every scored position."""
        device = next(self._model.parameters()).device
        width = max(len(reading.ids) for reading in readings)
        ids = torch.full((len(readings), width), self._padding_id, dtype=torch.long)
        mask = torch.zeros((len(readings), width), dtype=torch.long)
        for row, reading in enumerate(readings):
            ids[row, : len(reading.ids)] = torch.tensor(reading.ids)
            mask[row, : len(reading.ids)] = 1
        logits = self._model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits
        return [label_scores(logits[row, list(reading.scored)], self._label) for row, reading in enumerate(readings)]


def label_scores(logits: Tensor, label: int) -> list[float]:
    """Probability of one label from logits (n, labels), rounded to 1e-6; a single label is a sigmoid's."""
    logits = logits.double()
    probabilities = logits.sigmoid()[:, 0] if logits.shape[-1] == 1 else logits.softmax(-1)[:, label]
    scores: list[float] = rounded(probabilities).tolist()
    return scores
