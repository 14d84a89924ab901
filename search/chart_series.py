"""What the charts draw, read from a run's observations in one pass. No plotting here, and no effects needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from search.events import Event

KINDS = frozenset(
    {"node_added", "scored", "verified", "pruned", "restored", "resampled", "answer", "budget", "finished"}
)
"""The kinds of events that the charts read; a reader may leave out all others."""


@dataclass(slots=True)
class Step:
    """One node as a chart sees it."""

    depth: int
    reward: float | None = None
    reachable: bool | None = None
    pruned: bool = False


@dataclass(slots=True)
class Answer:
    """A finished solution, with the tokens spent when it was found and scored, and its driving reward."""

    tokens: int
    reward: float
    correct: bool | None
    text: str


@dataclass(slots=True)
class Resampling:
    """One step of a particle method: normalised weights of the particles before resampling."""

    step: int
    ess: float
    resampled: bool
    weights: list[float]


SPENT = ("tokens", "reward_calls", "policy_calls", "nodes")
"""The counters that a cap can end a search by; active seconds are not journaled."""


@dataclass(slots=True)
class Spending:
    """What was spent of each of `SPENT`, `seconds` after the run's first event; None where nobody knows when."""

    spent: dict[str, int]
    seconds: float | None


@dataclass(slots=True)
class Series:
    """All series of one run. `best` and `best_answer` hold (tokens, reward) at each improvement only."""

    steps: dict[int, Step] = field(default_factory=dict)
    best: list[tuple[int, float]] = field(default_factory=list)
    best_answer: list[tuple[int, float]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    unscored: dict[int, tuple[str, bool | None]] = field(default_factory=dict)  # answers whose score comes later
    resamplings: list[Resampling] = field(default_factory=list)
    votes: list[tuple[str, float, int]] = field(default_factory=list)
    chosen_answer: str | None = None
    tokens: int = 0
    token_cap: int | None = None
    caps: dict[str, float | None] = field(default_factory=dict)
    spending: list[Spending] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event], times: Mapping[int, float] | None = None) -> Series:
        """Read the events of a run, in order, from the first on.

        `times`: seconds since the run's first event by sequence number, of `budget` events at least.
        """
        series = cls()
        for event in events:
            series._take(event.kind, event.payload)
            if event.kind == "budget":
                series._spend(event.payload, None if times is None else times.get(event.seq))
        return series

    def _spend(self, payload: dict[str, Any], seconds: float | None) -> None:
        self.caps = payload["caps"]
        self.spending.append(Spending({name: int(payload.get(name) or 0) for name in SPENT}, seconds))

    def _take(self, kind: str, payload: dict[str, Any]) -> None:
        match kind:
            case "node_added":
                self.steps[payload["index"]] = Step(payload["depth"])
            case "budget":
                self.tokens = payload["tokens"]
                self.token_cap = payload["caps"].get("tokens")
            case "scored" if payload["drives"]:
                for index, score in payload["scores"]:
                    self.steps[index].reward = score
                    _improve(self.best, self.tokens, score)
                    if index in self.unscored:
                        self._answer(score, *self.unscored.pop(index))
            case "verified":
                for index, reachable in payload["nodes"]:
                    self.steps[index].reachable = reachable
            case "pruned":
                for entry in payload["nodes"]:
                    self.steps[entry["node"]].pruned = True
            case "restored":
                for index in payload["nodes"]:
                    self.steps[index].pruned = False
            case "resampled":
                weights = [particle["weight"] for particle in payload["particles"]]
                self.resamplings.append(
                    Resampling(payload["step"], payload["ess"], payload["resampled"], normalised(weights))
                )
            case "answer":
                text = payload["canonical"] or payload["answer"] or ""
                reward = self.steps[payload["node"]].reward
                if reward is None:
                    self.unscored[payload["node"]] = (text, payload["correct"])
                else:
                    self._answer(reward, text, payload["correct"])
            case "finished":
                self.votes = [
                    (str(answer), float(weight), int(count)) for answer, weight, count in payload.get("votes") or []
                ]
                self.chosen_answer = payload["answer"]

    def _answer(self, reward: float, text: str, correct: bool | None) -> None:
        self.answers.append(Answer(self.tokens, reward, correct, text))
        _improve(self.best_answer, self.tokens, reward)


def _improve(line: list[tuple[int, float]], tokens: int, reward: float) -> None:
    if line and reward <= line[-1][1]:
        return
    if line and line[-1][0] == tokens:
        line[-1] = (tokens, reward)
    else:
        line.append((tokens, reward))


def normalised(weights: list[float]) -> list[float]:
    """Weights divided by their sum; unchanged when the sum is not positive."""
    total = sum(weights)
    return [weight / total for weight in weights] if total > 0 else weights


def wilson(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, "Probable Inference, the Law of Succession, and Statistical Inference")."""
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * (share * (1 - share) / trials + z * z / (4 * trials * trials)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
