"""The engine of a reward model: scores the paths of all running searches in merged batches."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import torch

from search.batching import Call
from search.occupancy import Occupancy
from search.rewards.base import Grain, PathScore, RewardError, ScoreRequest, check_path


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model reads for one request.

    `scored` are the positions in `ids` of the scored tokens; `ends` those where the problem and each step end, that
    is where other paths may go on otherwise (the last one is the last token).
    """

    ids: tuple[int, ...]
    scored: tuple[int, ...]
    ends: tuple[int, ...]


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

    def __init__(self, name: str, classifier: Classifier, read: Reader, grain: Grain, rows: int, threads: int) -> None:
        """At most `rows` paths a batch, each with one score per step or, by `grain`, one for the path."""
        self.name = name
        self.occupancy = Occupancy()
        self._classifier = classifier
        self._read = read
        self._grain = grain
        self._rows = rows
        self._threads = threads
        self._urgent: deque[_Waiting] = deque()  # what people wait for: it is scored first
        self._patient: deque[_Waiting] = deque()

    def start(self) -> None:
        """Set this thread's share of the processor."""
        torch.set_num_threads(self._threads)

    def admit(self, call: Call[ScoreRequest, PathScore]) -> None:
        """Tokenise a call's paths and queue them. Raises RewardError for a path the model cannot read."""
        waiting = [_Waiting(call, position, self._read(request)) for position, request in enumerate(call.requests)]
        (self._urgent if call.urgent else self._patient).extend(waiting)

    @torch.inference_mode()
    def advance(self) -> bool:
        """Score one batch of what waits."""
        batch: list[_Waiting] = []
        while (queue := self._urgent or self._patient) and len(batch) < self._rows:
            waiting = queue.popleft()
            if not (waiting.call.done or waiting.call.aborted):
                batch.append(waiting)
        if not batch:
            return False
        self.occupancy.forwards += 1
        self.occupancy.rows += len(batch)
        self.occupancy.sizes.add(len(batch), waiting=bool(self._urgent or self._patient))
        for waiting, scores in zip(batch, self._classifier.scores([w.reading for w in batch]), strict=True):
            self.occupancy.tokens += len(waiting.reading.ids)
            self._hand_back(waiting, scores)
        return True

    def drop_everything(self) -> None:
        """Forget what waits."""
        self._urgent.clear()
        self._patient.clear()

    def _hand_back(self, waiting: _Waiting, scores: list[float]) -> None:
        path = PathScore(tuple(scores), len(waiting.reading.ids))
        try:
            check_path(self.name, self._grain, waiting.call.requests[waiting.position], path)
        except RewardError as error:
            waiting.call.fail(error)
        else:
            waiting.call.resolve(waiting.position, path)
