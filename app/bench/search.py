"""How fast searches generate, all that makes them durable included, against a bare `generate` call."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime
from statistics import median
from typing import Any

from app.bench.application import Application
from app.bench.figure import Figure
from search.domains import DOMAINS
from search.templates import EMBEDDED_POLICY, render_prompt

AT_ONCE = 16
RUNS = 48  # three after one another for each place
STRATEGIES = ("beam", "mcts", "particle_filter", "best_of_n", "majority")
ROUNDS = 3
PEER_SAMPLES = 512
WORKER_NICENESS = 5  # what `make run` gives its worker; the peer shall not do better on a busy machine


def measure() -> list[Figure]:
    """Search and peer take turns, so that both see the same machine; the ratio is the median over the rounds."""
    ratios, speeds, peers = [], [], []
    with Application(WORKER_CONCURRENCY=str(AT_ONCE)) as espalier:
        session = espalier.call("POST", "/sessions", {"title": "Throughput"})["id"]
        _search(espalier, session, runs=AT_ONCE, seed=0)  # loads the models
        for number in range(1, ROUNDS + 1):
            speed, samples = _search(espalier, session, runs=RUNS, seed=number)
            peer = max(_peer(samples, threads) for threads in (1, 2))
            speeds.append(speed)
            peers.append(peer)
            ratios.append(speed / peer)
    why = (
        f"{median(speeds):.0f} tokens/s in search, {median(peers):.0f} in generate; ratio of each round: "
        + ", ".join(f"{ratio:.2f}" for ratio in ratios)
    )
    return [Figure("search.throughput_ratio", median(ratios), "×", 0.8, "higher", why)]


def _search(espalier: Application, session: str, runs: int, seed: int) -> tuple[float, list[tuple[str, int]]]:
    """Tokens per second while all places are taken, and the (prompt, tokens) of every step sampled."""
    rng = random.Random(seed)
    problems = [DOMAINS[("countdown", "arithmetic")[i % 4 == 3]].generate(rng) for i in range(runs)]
    ids = [
        espalier.call(
            "POST",
            f"/sessions/{session}/runs",
            {"problem": {"text": text}, "algorithm": STRATEGIES[i % len(STRATEGIES)], "seed": seed},
        )["id"]
        for i, text in enumerate(problems)
    ]
    done = [_finished(espalier, run) for run in ids]
    began = sorted(datetime.fromisoformat(run["started_at"]) for run in done)[AT_ONCE - 1]
    ended = sorted(datetime.fromisoformat(run["finished_at"]) for run in done)[-AT_ONCE]
    tokens = sum(tokens for run in ids for at, tokens in _spent(espalier, run) if began < at <= ended)
    samples = [sample for run in done for sample in _samples(espalier, run)]
    return tokens / (ended - began).total_seconds(), samples


def _spent(espalier: Application, run: str) -> list[tuple[datetime, int]]:
    """When the run took in how many tokens: the steps between its `budget` events."""
    spent, total = [], 0
    for event in _items(espalier, f"/runs/{run}/events", "seq", 0):
        if event["kind"] == "budget":
            spent.append((datetime.fromisoformat(event["at"]), event["payload"]["tokens"] - total))
            total = event["payload"]["tokens"]
    return spent


def _finished(espalier: Application, run: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = espalier.call("GET", f"/runs/{run}")
        if found["state"] == "completed":
            return found
        if found["state"] not in ("queued", "running"):
            raise RuntimeError(f"the run {run} is {found['state']}: {found['error']}")
        time.sleep(0.5)  # seldom: asking costs the machine that is measured


def _samples(espalier: Application, run: dict[str, Any]) -> list[tuple[str, int]]:
    steps: dict[int, list[str]] = {0: []}
    samples = []
    for node in _items(espalier, f"/runs/{run['id']}/nodes", "index", -1)[1:]:
        before = steps[node["parents"][0]]
        samples.append((render_prompt(EMBEDDED_POLICY, run["problem"]["text"], before), node["tokens"]))
        steps[node["index"]] = [*before, node["text"]]
    return samples


def _items(espalier: Application, path: str, key: str, before_first: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        after = items[-1][key] if items else before_first
        page = espalier.call("GET", f"{path}?limit=500&after={after}")
        items += page["items"]
        if not page["items"] or page["next"] is None:
            return items


def _peer(samples: list[tuple[str, int]], threads: int) -> float:
    """Tokens per second of `generate` on an even choice of the samples, in a process of its own."""
    chosen = samples[:: max(1, len(samples) // PEER_SAMPLES)]
    done = subprocess.run(
        [sys.executable, "-m", "app.bench.generate_peer", str(threads), str(WORKER_NICENESS)],
        input=json.dumps(chosen),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)},
    )
    return float(done.stdout.strip().splitlines()[-1])
