"""Beside two other search libraries: the same served policy, the same reward, the same problems and budgets.

The policy is served by `python -m search serve`; everybody asks it over HTTP and scores with the embedded reward in a
process of their own. Ours keeps its journal in memory. Contenders take turns, so that all see the same machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from app.bench.contenders.task import Match
from app.bench.figure import Figure
from app.bench.served import served

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "build" / "peers"
REQUIREMENTS = ROOT / "requirements-peers.txt"
PEERS = {
    "treequest": ("mcts", "ab_mcts"),
    "its_hub": ("beam", "particle_filter", "self_consistency"),
}
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Load:
    """How many problems, and how many of them at once."""

    problems: int
    at_once: int


ALONE, TOGETHER = Load(3, 1), Load(16, 16)


def measure() -> list[Figure]:
    """Wall time of theirs ÷ ours with 16 problems at once, summed over the strategies; beside it what was spent."""
    _install()
    figures = []
    with served() as (endpoint, model):
        for peer, strategies in PEERS.items():
            alone = _duel(endpoint, model, peer, strategies, ALONE)
            rounds = [_duel(endpoint, model, peer, strategies, TOGETHER) for _ in range(ROUNDS)]
            ratios = [_ratio(theirs, ours) for theirs, ours in rounds]
            why = (
                f"rounds {', '.join(f'{ratio:.2f}' for ratio in ratios)}; one problem at a time {_ratio(*alone):.2f}; "
                + "; ".join(_compared(*pair) for pair in zip(*rounds[-1], strict=True))
            )
            figures.append(Figure(f"peers.{peer}_wall_ratio", round(median(ratios), 2), "×", 2.0, "higher", why))
    return figures


def _ratio(theirs: list[Match], ours: list[Match]) -> float:
    return sum(match.seconds for match in theirs) / sum(match.seconds for match in ours)


def _compared(theirs: Match, ours: Match) -> str:
    """Theirs | ours, of the last round."""
    return (
        f"{theirs.strategy} {theirs.seconds:.1f} | {ours.seconds:.1f} s, calls {theirs.calls} | {ours.calls},"
        f" tokens {theirs.tokens} | {ours.tokens}, solved {theirs.solved} | {ours.solved} of {ours.problems}"
    )


def _duel(
    endpoint: str, model: str, peer: str, strategies: tuple[str, ...], load: Load
) -> tuple[list[Match], list[Match]]:
    return tuple(  # type: ignore[return-value]
        _turn(endpoint, model, contender, strategies, load) for contender in (f"{peer}_peer", "espalier")
    )


def _turn(endpoint: str, model: str, contender: str, strategies: tuple[str, ...], load: Load) -> list[Match]:
    done = subprocess.run(
        [
            sys.executable, "-m", "app.bench.contenders", contender, "--endpoint", endpoint, "--model", model,
            "--strategies", ",".join(strategies), "--problems", str(load.problems), "--at-once", str(load.at_once),
        ],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{PACKAGES}", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{contender} failed: {done.stderr.strip().splitlines()[-1]}")
    return [Match(**match) for match in json.loads(done.stdout.strip().splitlines()[-1])]


def _install() -> None:
    """The peers with what they need, beside the project's environment: nothing of it is changed."""
    stamp = PACKAGES / "installed.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(PACKAGES)]
    done = subprocess.run(
        [*command, "-r", str(REQUIREMENTS), "-c", str(ROOT / "constraints.txt")], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"the peers could not be installed: {done.stderr.strip().splitlines()[-1]}")
    stamp.write_text(wanted, encoding="utf-8")
