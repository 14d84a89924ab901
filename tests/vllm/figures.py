"""`python -m tests.vllm.figures`: start times, tokens and reward passes a second beside our own engine, in one run.

Tokens: 64 samples of eight prompts at once, first steps of Countdown problems, temperature 0.8. Passes: 64 paths of
three steps at once, new ones in every round. The first round of every engine warms it up and is shown apart, the figure
is the median of the next five.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from search.model_cache import forget
from search.models import WEIGHTS, load_policy, load_reward
from search.policies.base import Policy, Sampling, StepRequest
from search.policies.vllm import VllmPolicy
from search.rewards.base import Reward, ScoreRequest
from search.templates import EMBEDDED_POLICY

PROBLEMS = [
    "3 5 7 11 -> 24", "2 3 6 10 -> 24", "1 5 8 9 -> 36", "4 4 6 9 -> 30",
    "2 7 8 9 -> 20", "1 3 4 12 -> 25", "5 6 7 8 -> 40", "2 2 9 11 -> 33",
]  # fmt: skip
ROUNDS = 5
ENGINE: dict[str, Any] = {"dtype": "float32", "max_model_len": 256, "enforce_eager": True, "max_num_seqs": 64}


def tokens_per_second(policy: Policy, round: int) -> float:
    """One round of 64 samples."""
    requests = [
        StepRequest(f"{problem}\n", round, f"{number}.{sample}", 40, Sampling(0.8))
        for number, problem in enumerate(PROBLEMS)
        for sample in range(8)
    ]
    began = time.perf_counter()
    samples = asyncio.run(policy.generate(requests))
    return sum(sample.tokens for sample in samples) / (time.perf_counter() - began)


def passes_per_second(reward: Reward, round: int) -> float:
    """One round of 64 paths."""
    steps = ("11 - 3 = 8 (left: 5 7 8)", "7 + 5 = 12 (left: 8 12)", "12 + 8 = 20 (left: 20)")
    requests = [ScoreRequest(f"{round + 2} {number + 2} 7 11 -> 24", steps, False) for number in range(64)]
    began = time.perf_counter()
    asyncio.run(reward.score(requests))
    return len(requests) / (time.perf_counter() - began)


def measure(name: str, unit: str, rate: Callable[[int], float], started: float) -> float:
    """Print an engine's line; its median rate. `rate` runs one round."""
    first = time.perf_counter()
    rate(0)
    first = time.perf_counter() - first
    rounds = [rate(round) for round in range(1, ROUNDS + 1)]
    median = statistics.median(rounds)
    print(f"{name}: start {started:.1f} s, first round {first:.1f} s, then {median:,.0f} {unit}/s"
          f" ({', '.join(f'{rate:,.0f}' for rate in rounds)})", flush=True)  # fmt: skip
    return median


def main() -> None:
    """All engines, one after the other."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    policies()
    rewards()


def policies() -> None:
    """Tokens a second."""
    began = time.perf_counter()
    ours = load_policy()
    rate = measure("policy, ours, float64", "tokens", partial(tokens_per_second, ours), time.perf_counter() - began)
    began = time.perf_counter()
    vllm = VllmPolicy("vllm", WEIGHTS / "policy", EMBEDDED_POLICY, **ENGINE)
    started = time.perf_counter() - began
    theirs = measure("policy, vLLM in process, float32", "tokens", partial(tokens_per_second, vllm), started)
    print(f"vLLM ÷ ours: {theirs / rate:.2f}", flush=True)
    vllm.close()


def rewards() -> None:
    """Reward passes a second."""
    began = time.perf_counter()
    ours = load_reward()
    rate = measure("reward, ours, float64", "passes", partial(passes_per_second, ours), time.perf_counter() - began)
    began = time.perf_counter()
    vllm = load_reward(runs_in="vllm", vllm=ENGINE)
    started = time.perf_counter() - began
    theirs = measure("reward, vLLM in process, float32", "passes", partial(passes_per_second, vllm), started)
    print(f"vLLM ÷ ours: {theirs / rate:.2f}", flush=True)
    forget(vllm)


if __name__ == "__main__":
    main()
