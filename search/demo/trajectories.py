"""Sampling the policy's own solutions and marking each by its verified outcome: the process reward's training data.

The first steps of a Countdown solution are drawn at temperature 1, so that good and bad beginnings come up alike; from
three numbers left the policy plays at 0.7. What it achieves from there tells more about the numbers left, and less
about a slip of the dice. Arithmetic is drawn at temperature 1 throughout: its slips are what there is to learn.

Problems whose first solutions do not all verify are solved some more times: there the steps decide, not the problem.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from search.demo.checkpoint import WEIGHTS, WORK
from search.demo.corpus import MEASURED, Mix, examples
from search.demo.sampling import LONGEST_SOLUTION, Cooling, sample_solutions
from search.demo.tokenizer import build_tokenizer
from search.domains import domain_of

if TYPE_CHECKING:
    from pathlib import Path

HOT, COOL = 1.0, 0.7
SAMPLES_PER_PROBLEM = 4


@dataclass(frozen=True)
class Drawing:
    """Which problems are solved, and how often: `more` times again where one of the first solutions failed."""

    name: str
    key: str
    seed: int
    mix: Mix
    chunks: int
    problems_per_chunk: int
    more: int


OUTCOMES = Drawing(
    "trajectories", "trajectories 2", 2,
    replace(
        MEASURED,
        countdown=((0.04, 3, 20), (0.46, 4, 13), (0.08, 4, 25), (0.22, 5, 13), (0.20, 6, 13)),
        countdown_share=0.2,
    ),
    chunks=64, problems_per_chunk=512, more=8,
)  # fmt: skip
"""Arithmetic comes first in number: slips are rare, and the trajectories of earlier policies are mostly Countdown."""
DRILLS = Drawing(
    "drills", "verifier short", 5,
    replace(MEASURED, arithmetic=((0.45, 2), (0.3, 3), (0.15, 4), (0.1, 5)), countdown_share=0),
    chunks=6, problems_per_chunk=4096, more=12,
)  # fmt: skip
"""Short Arithmetic, where nearly every token is about a product or a sum: what the verifier learns its tables from."""


@dataclass(frozen=True)
class Trajectory:
    """A sampled solution that came to its end, and whether it verified."""

    problem: str
    steps: list[str]
    good: bool


def trajectories_file(policy_step: int, drawing: Drawing = OUTCOMES) -> Path:
    """Where the drawing's solutions by the policy with that many training steps lie, one JSON object a line."""
    return WORK / f"{drawing.name}-{policy_step}.jsonl"


def exported_policy_step() -> int:
    """The training steps of the exported policy, which name its trajectories."""
    config = json.loads((WEIGHTS / "policy" / "config.json").read_text())
    return int(config["training"]["step"])


def sample_trajectories(drawing: Drawing = OUTCOMES, processes: int = 1) -> None:
    """Append chunks until they are all there, several at once; those already there are not made again."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = trajectories_file(exported_policy_step(), drawing)
    first = 1 + max((json.loads(line)["chunk"] for line in path.open()), default=-1) if path.exists() else 0
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        left = range(first, drawing.chunks)
        for chunk, rows in zip(left, pool.map(partial(_chunk, drawing), left), strict=True):
            lines = [json.dumps({"chunk": chunk, **row}) + "\n" for row in rows]
            with path.open("a") as file:  # one write, so that a stop leaves no half of a chunk
                file.write("".join(lines))
                file.flush()
                os.fsync(file.fileno())
            print(f"{drawing.name}: chunk {chunk} of {drawing.chunks}, {len(lines)} lines", flush=True)


def _chunk(drawing: Drawing, chunk: int) -> list[dict[str, Any]]:
    """The trajectories of a chunk's problems, those of one problem together."""
    endless = examples(random.Random(f"{drawing.key} {chunk}"), "train", drawing.mix)
    drawn = islice(endless, drawing.problems_per_chunk)
    problems = list(dict.fromkeys(example.problem for example in drawn))
    seed = drawing.seed * 10**6 + 2 * chunk
    found = _solved(problems, SAMPLES_PER_PROBLEM, seed)
    failed = [problem for problem in problems if not all(row["good"] for row in found[problem])]
    more = _solved(failed, drawing.more, seed + 1)
    return [row for problem in problems for row in found[problem] + more.get(problem, [])]


def _solved(problems: list[str], times: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    repeated = [problem for problem in problems for _ in range(times)]
    temperature = Cooling(HOT, COOL, [_hot_steps(problem) for problem in repeated])
    solutions = sample_solutions(_policy(), build_tokenizer(), repeated, temperature, seed) if problems else []
    found: dict[str, list[dict[str, Any]]] = {problem: [] for problem in problems}
    for problem, steps in zip(repeated, solutions, strict=True):
        domain = domain_of(problem)
        if steps is not None and domain is not None:
            found[problem].append({"problem": problem, "steps": steps, "good": domain.verify(problem, steps)})
    return found


@cache
def _policy() -> Any:
    import torch
    from transformers import LlamaForCausalLM

    torch.set_num_threads(1)
    return LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().eval()


def _hot_steps(problem: str) -> int:
    numbers, arrow, _ = problem.partition(" -> ")
    return len(numbers.split()) - 3 if arrow else LONGEST_SOLUTION


def read_trajectories(*paths: Path) -> Iterator[list[Trajectory]]:
    """Those of these files, or all outcomes in `var/demo/`, also of policies before the exported one; by problem."""
    for path in paths or sorted(WORK.glob("trajectories-*.jsonl")):
        with path.open() as file:
            rows = map(json.loads, file)
            for problem, group in groupby(rows, key=lambda row: str(row["problem"])):
                yield [Trajectory(problem, row["steps"], row["good"]) for row in group]
