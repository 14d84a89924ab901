"""treequest (Sakana AI): its standard MCTS and AB-MCTS-A, a node being one step, one problem per thread.

Its loop asks for one node at a time, as its `step` does. It knows no finished solutions: a node below one repeats it,
which costs no policy call and counts as one of its turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2

from app.bench.contenders.scorer import Scorer
from app.bench.contenders.task import CALLS, MOST_STEPS, STEP_TOKENS, STOP, TEMPERATURE, WIDTH, Found, Match, match
from search.templates import EMBEDDED_POLICY, render_prompt


@dataclass(frozen=True)
class Steps:
    """A node's state."""

    texts: tuple[str, ...] = ()
    finished: bool = False


class Generator:
    """`generate_fn` of one problem: the next step below a state, and its score."""

    def __init__(self, problem: str, model: str, client: httpx2.Client, scorer: Scorer) -> None:
        self.problem, self.model, self.client, self.scorer = problem, model, client, scorer
        self.calls = self.tokens = 0

    def __call__(self, above: Steps | None) -> tuple[Steps, float]:
        """One completion and one reward."""
        above = above or Steps()
        if above.finished or len(above.texts) >= MOST_STEPS:
            return above, self.scorer(self.problem, above.texts, above.finished)
        answer = self.client.post(
            "/completions",
            json={
                "model": self.model,
                "prompt": render_prompt(EMBEDDED_POLICY, self.problem, above.texts),
                "max_tokens": STEP_TOKENS,
                "temperature": TEMPERATURE,
                "stop": [STOP],
                "seed": self.calls,
            },
        )
        answer.raise_for_status()
        said = answer.json()
        choice = said["choices"][0]
        self.calls += 1
        self.tokens += said["usage"]["completion_tokens"]
        ended = choice["finish_reason"] == "stop" and choice["stop_reason"] is None
        below = Steps((*above.texts, choice["text"]), ended)
        return below, self.scorer(self.problem, below.texts, ended)


def compete(endpoint: str, model: str, strategies: list[str], asked: list[str], at_once: int) -> list[Match]:
    """One report per strategy."""
    import treequest

    makers: dict[str, Callable[[], Any]] = {
        "mcts": lambda: treequest.StandardMCTS(samples_per_action=WIDTH),
        "ab_mcts": treequest.ABMCTSA,
    }
    scorer, reports = Scorer(), []
    with httpx2.Client(base_url=endpoint, timeout=120, limits=httpx2.Limits(max_connections=512)) as client:
        for strategy in strategies:
            began = time.perf_counter()
            with ThreadPoolExecutor(at_once) as pool:
                generators = [Generator(problem, model, client, scorer) for problem in asked]
                found = list(pool.map(lambda own: _search(makers[strategy](), own), generators))  # noqa: B023
            reports.append(match(strategy, time.perf_counter() - began, asked, found))
    return reports


def _search(algorithm: Any, generate: Generator) -> Found:
    state = algorithm.init_tree()
    for _ in range(CALLS):
        state = algorithm.step(state, {"step": generate}, inplace=True)
    ended = [pair for pair in algorithm.get_state_score_pairs(state) if pair[0].finished]
    best = max(ended, key=lambda pair: pair[1], default=None)
    return Found(None if best is None else best[0].texts, generate.calls, generate.tokens)
