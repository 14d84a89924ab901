"""Sampling the policy's own solutions and marking each by its verified outcome: the process reward's training data."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from search.demo.checkpoint import WEIGHTS, WORK
from search.demo.corpus import examples
from search.demo.sampling import sample_solutions
from search.demo.tokenizer import build_tokenizer
from search.domains import domain_of

SEED = 2
TEMPERATURE = 1.0
PROBLEMS_PER_CHUNK = 512
SAMPLES_PER_PROBLEM = 4


@dataclass(frozen=True)
class Trajectory:
    """A sampled solution that came to its end, and whether it verified."""

    problem: str
    steps: list[str]
    good: bool


def trajectories_file(policy_step: int) -> Path:
    """Where the trajectories of the policy with that many training steps lie, one JSON object a line."""
    return WORK / f"trajectories-{policy_step}.jsonl"


def exported_policy_step() -> int:
    """The training steps of the exported policy, which name its trajectories."""
    config = json.loads((WEIGHTS / "policy" / "config.json").read_text())
    return int(config["training"]["step"])


def sample_trajectories(minutes: float) -> None:
    """Append chunks for that long; chunks already there are not made again."""
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().eval()
    tokenizer = build_tokenizer()
    WORK.mkdir(parents=True, exist_ok=True)
    path = trajectories_file(exported_policy_step())
    chunk = 1 + max((json.loads(line)["chunk"] for line in path.open()), default=-1) if path.exists() else 0
    deadline = time.monotonic() + 60 * minutes
    while time.monotonic() < deadline:
        drawn = islice(examples(random.Random(f"trajectories {SEED} {chunk}"), "train"), PROBLEMS_PER_CHUNK)
        problems = [example.problem for example in drawn for _ in range(SAMPLES_PER_PROBLEM)]
        lines = []
        solutions = sample_solutions(model, tokenizer, problems, TEMPERATURE, seed=SEED * 10**6 + chunk)
        for problem, steps in zip(problems, solutions, strict=True):
            domain = domain_of(problem)
            if steps is not None and domain is not None:
                good = domain.verify(problem, steps)
                lines.append(json.dumps({"chunk": chunk, "problem": problem, "steps": steps, "good": good}))
        with path.open("a") as file:
            file.write("\n".join(lines) + "\n")
        print(f"trajectories: chunk {chunk}, {len(lines)} lines to {path.name}", flush=True)
        chunk += 1


def read_trajectories(policy_step: int) -> Iterator[Trajectory]:
    """The trajectories of one policy."""
    with trajectories_file(policy_step).open() as file:
        for line in file:
            row = json.loads(line)
            yield Trajectory(row["problem"], row["steps"], row["good"])
