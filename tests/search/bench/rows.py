"""Rows of a benchmark that was never run: four problems whose every number is known."""

from __future__ import annotations

from typing import Any

from search.bench.results import header_for

TABLE = {
    "pool": "pool", "plain": "majority", "selected": "best of n (last)", "weighted": "weighted majority (last)",
    "samples": [2], "search_sets": ["countdown 5"], "vote_sets": ["countdown 5"],
}  # fmt: skip


def header(**plan: Any) -> dict[str, Any]:
    """A header whose plan has one set of Countdown."""
    whole = {"split": "dev", "sets": [{"name": "countdown 5"}], "seeds": [0], "sampling": {"temperature": 0.8},
             "chosen_with": None, "table": TABLE, **plan}  # fmt: skip
    models = {"policy": {"slug": "embedded", "weights_sha256": "aaaa1111"}, "reward": {"slug": "exact"}, "drafts": {}}
    return header_for(whole, models)


def row(strategy: str, problem: int, correct: bool, tokens: int, calls: int, **more: Any) -> dict[str, Any]:
    """One run."""
    cell = f"countdown 5/{problem}/{strategy}/no cap/0"
    return {
        "cell": cell, "set": "countdown 5", "problem": problem, "strategy": strategy, "budget": "no cap", "seed": 0,
        "text": f"<b>{problem}</b>", "answer": "1 + 2", "correct": correct, "covered": correct, "tokens": tokens,
        "reward_calls": calls, "nodes": 9, "siblings": [1.5, 2], **more,
    }  # fmt: skip


def sample(vote: str, correct: bool, score: float, reachable: bool) -> list[Any]:
    """A finished path of ten tokens and two steps; the first step's reward is half the last one's."""
    return [10, True, vote, correct, [score / 2, score], [reachable, None]]


RIGHT, WRONG = sample("r", True, 0.8, True), sample("w", False, 0.4, False)
NEVER, CUT, CHOICE = (
    {"kind": "never generated", "pruned_right": False}, {"kind": "pruned", "rule": "beam"}, {"kind": "not selected"},
)  # fmt: skip

ROWS = [
    # Both samples right; one right (the reward knows which); none; none.
    row("pool", 0, True, 20, 2, pool=[RIGHT, RIGHT]),
    row("pool", 1, False, 20, 2, pool=[WRONG, RIGHT], covered=True, failure=CHOICE),
    row("pool", 2, False, 20, 2, pool=[WRONG, WRONG], failure=NEVER),
    row("pool", 3, False, 20, 2, pool=[WRONG, WRONG], failure=NEVER),
    row("beam", 0, True, 10, 6),
    row("beam", 1, True, 12, 6),
    row("beam", 2, True, 18, 6),
    row("beam", 3, False, 20, 6, failure=CUT),
]
