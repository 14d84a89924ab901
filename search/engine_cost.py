"""What the engine itself costs per node of a Monte Carlo tree search: models that cost nothing, a journal in memory.

Everything a real run does is done (selection, journal, reduction, prompts, budget), but policy and reward answer at
once with what was made beforehand. Time is the CPU time of this process, so that other work on the machine does not
count.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.algorithms import algorithm_named
from search.budget import CAPS
from search.collector import collect_seldom
from search.events import Payload
from search.policies.base import Cancellation, StepRequest, StepSample
from search.randomness import uniforms
from search.rewards.base import PathScore, ScoreRequest
from search.run import run_search
from search.templates import Template

SIZES = (1_000, 10_000, 100_000)
STEP_TOKENS = 16
READY_MADE = 4096  # samples and scores that are dealt out over and over


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds per node: `average` over the whole run to `nodes` nodes, `at_size` over its last tenth."""

    nodes: int
    average: float
    at_size: float


class ReadyPolicy:
    """Steps made beforehand, dealt out in order; none ends a solution."""

    name = "ready"

    def __init__(self) -> None:
        logprobs = tuple(
            -round(float(u), 6) for u in uniforms(0, "engine cost", "logprob", count=STEP_TOKENS + READY_MADE)
        )
        ids = tuple(range(STEP_TOKENS))
        self._samples = [
            StepSample(f"step {i}", ids, logprobs[i : i + STEP_TOKENS], "step", 0) for i in range(READY_MADE)
        ]
        self._dealt = 0

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps."""
        return {"slug": self.name, "engine": "none", "template": Template(name=self.name).as_dict()}

    def encode(self, prompt: str) -> tuple[int, ...]:
        """The problem's tokens."""
        return tuple(range(STEP_TOKENS))

    def prompt_tokens(self, prompt: str) -> int:
        """Only asked where a person's words are on the path: never."""
        return len(prompt)

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """The next samples, whatever the prompt."""
        first, self._dealt = self._dealt, self._dealt + len(requests)
        return [self._samples[i % READY_MADE] for i in range(first, self._dealt)]


class ReadyReward:
    """Scores made beforehand, one for every step of a path."""

    name = "ready"

    def __init__(self) -> None:
        self._scores = [round(float(u), 6) for u in uniforms(0, "engine cost", "score", count=2 * READY_MADE)]
        self._dealt = 0

    def describe(self) -> dict[str, Any]:
        """What the journal's header keeps."""
        return {"slug": self.name, "convention": "none"}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """The next scores, whatever the steps."""
        answers = []
        for request in requests:
            at, self._dealt = self._dealt % READY_MADE, self._dealt + 1
            answers.append(PathScore(tuple(self._scores[at : at + len(request.steps)]), 0))
        return answers


def measure_cost(nodes: int, algorithm: str = "mcts", params: dict[str, Any] | None = None) -> Cost:
    """Grow a tree to `nodes` nodes and say what a node cost. `params`: other than default ones of the strategy."""
    policy, reward = ReadyPolicy(), ReadyReward()
    journal: list[tuple[int, str, Payload]] = []
    ended: list[float] = []  # when the first nine tenths were there, and when all were

    def sink(seq: int, kind: str, payload: Payload) -> None:
        journal.append((seq, kind, payload))
        if kind == "finished" or (kind == "node_added" and payload["index"] == nodes - nodes // 10):
            ended.append(time.process_time())

    header = {
        "version": 1,
        "problem": {"text": "what a node costs", "answer": None, "verifier": None},
        "algorithm": algorithm,
        "params": algorithm_named(algorithm)
        .params_type()
        .model_validate(params or {"simulations": nodes})
        .model_dump(),
        "seed": 1,
        "policy": policy.describe(),
        "reward": reward.describe(),
        "sampling": {"temperature": 0.8, "top_p": 1.0, "max_step_tokens": 64, "stop": ["\n"]},
        "budget": {**dict.fromkeys(CAPS), "nodes": nodes},
    }
    gc.collect()
    thresholds = gc.get_threshold()
    collect_seldom()  # as in every process that searches
    try:
        started = time.process_time()
        asyncio.run(run_search(header, policy=policy, reward=reward, sink=sink))
    finally:
        gc.set_threshold(*thresholds)
    before, after = ended
    return Cost(nodes, (after - started) * 1e3 / nodes, (after - before) * 1e3 / (nodes // 10))
