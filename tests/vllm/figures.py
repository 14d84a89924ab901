"""`python -m tests.vllm.figures`: start times, and tokens a second beside our own engine, in one run.

64 samples of eight prompts at once, first steps of Countdown problems, temperature 0.8; the first round of every engine
warms it up and is shown apart, the figure is the median of the next five.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time

from search.models import WEIGHTS, load_policy
from search.policies.base import Policy, Sampling, StepRequest
from search.policies.vllm import VllmPolicy
from search.templates import EMBEDDED_POLICY

PROBLEMS = [
    "3 5 7 11 -> 24", "2 3 6 10 -> 24", "1 5 8 9 -> 36", "4 4 6 9 -> 30",
    "2 7 8 9 -> 20", "1 3 4 12 -> 25", "5 6 7 8 -> 40", "2 2 9 11 -> 33",
]  # fmt: skip
ROUNDS = 5


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


def measure(name: str, policy: Policy, started: float) -> float:
    """Print an engine's line; its median tokens a second."""
    first = time.perf_counter()
    tokens_per_second(policy, 0)
    first = time.perf_counter() - first
    rounds = [tokens_per_second(policy, round) for round in range(1, ROUNDS + 1)]
    median = statistics.median(rounds)
    print(f"{name}: start {started:.1f} s, first round {first:.1f} s, then {median:,.0f} tokens/s"
          f" ({', '.join(f'{rate:,.0f}' for rate in rounds)})", flush=True)  # fmt: skip
    return median


def main() -> None:
    """All engines, one after the other."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    began = time.perf_counter()
    ours = load_policy()
    rate = measure("ours, float64", ours, time.perf_counter() - began)
    began = time.perf_counter()
    vllm = VllmPolicy(
        "vllm", WEIGHTS / "policy", EMBEDDED_POLICY, dtype="float32", max_model_len=256, enforce_eager=True,
        max_num_seqs=64,
    )  # fmt: skip
    theirs = measure("vLLM in process, float32", vllm, time.perf_counter() - began)
    print(f"vLLM ÷ ours: {theirs / rate:.2f}")
    vllm.close()


if __name__ == "__main__":
    main()
