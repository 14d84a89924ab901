"""What is read off a model's states: how probable a label is at a place, or how surprising the steps before it were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from search.policies.sampler import rounded
from search.rewards.scoring import Reading


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a sequence's first `length` tokens: its scores so far.

    `last` is the last token's state (width), and `total` a sum under way, for a readout that goes on from them.
    """

    length: int
    scores: list[float]
    last: Tensor | None = None
    total: float = 0.0


NOTHING = Begun(0, [])


class Readout(Protocol):
    """Turns states into scores."""

    def __call__(
        self, logits: Callable[[Tensor], Tensor], states: Tensor, readings: list[Reading], begun: list[Begun]
    ) -> list[Begun]:
        """All scores of each reading. `states` (rows, tokens, width) are those of its tokens from `begun` on; `logits`
        maps states (n, width) to logits (n, labels or vocabulary)."""


@dataclass(frozen=True, slots=True)
class LabelReadout:
    """The probability of one label at each scored place: softmax over the labels, or a sigmoid where there is one."""

    label: int

    def __call__(
        self, logits: Callable[[Tensor], Tensor], states: Tensor, readings: list[Reading], begun: list[Begun]
    ) -> list[Begun]:
        """See `Readout`; logits are computed at scored places only."""
        places = [
            (row, place - before.length)
            for row, (reading, before) in enumerate(zip(readings, begun, strict=True))
            for place in reading.scored[len(before.scores) :]
        ]
        chosen = states[tuple(torch.tensor(places).t())] if places else states[:0, 0]
        fresh = iter(label_scores(logits(chosen), self.label))
        return [
            Begun(len(reading.ids), before.scores + [next(fresh) for _ in reading.scored[len(before.scores) :]])
            for reading, before in zip(readings, begun, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class SurpriseReadout:
    """How likely the steps are, against how likely the model itself expected them to be.

    Over the tokens of the steps up to a place, the sum of log p(token) + H, H being the entropy (nats) of the
    distribution the token was drawn from: 0 on average for what the model writes at temperature 1, far below for what
    it would hardly write. The score is the sum's logistic function, so that the score's log odds are the sum.
    """

    def __call__(
        self, logits: Callable[[Tensor], Tensor], states: Tensor, readings: list[Reading], begun: list[Begun]
    ) -> list[Begun]:
        """See `Readout`; the state before the first new token comes from `begun`."""
        before: list[Tensor] = []
        tokens: list[int] = []
        for row, (reading, known) in enumerate(zip(readings, begun, strict=True)):
            for place in range(max(known.length, reading.ends[0] + 1), len(reading.ids)):
                at = place - 1 - known.length
                state = states[row, at] if at >= 0 else known.last
                assert state is not None  # only nothing is known without a last state, and then `at` is not below 0
                before.append(state)
                tokens.append(reading.ids[place])
        sums: Iterator[float] = iter(())
        if tokens:
            expected = logits(torch.stack(before)).double().log_softmax(-1)
            entropy = torch.special.entr(expected.exp()).sum(-1)
            chosen = torch.tensor(tokens, device=expected.device)[:, None]
            sums = iter((expected.gather(1, chosen)[:, 0] + entropy).tolist())
        return [
            self._read(row, states, reading, known, sums)
            for row, (reading, known) in enumerate(zip(readings, begun, strict=True))
        ]

    def _read(self, row: int, states: Tensor, reading: Reading, known: Begun, sums: Iterator[float]) -> Begun:
        first = max(known.length, reading.ends[0] + 1)
        totals = list(accumulate((next(sums) for _ in range(first, len(reading.ids))), initial=known.total))
        wanted = [totals[place - first + 1] for place in reading.scored[len(known.scores) :]]
        fresh = rounded(torch.tensor(wanted, dtype=torch.float64).sigmoid()).tolist()
        last = states[row, len(reading.ids) - 1 - known.length].clone()
        return Begun(len(reading.ids), known.scores + fresh, last, totals[-1])


def label_scores(logits: Tensor, label: int) -> list[float]:
    """Probability of one label from logits (n, labels), rounded to 1e-6; a single label is a sigmoid's."""
    logits = logits.double()
    probabilities = logits.sigmoid()[:, 0] if logits.shape[-1] == 1 else logits.softmax(-1)[:, label]
    scores: list[float] = rounded(probabilities).tolist()
    return scores
