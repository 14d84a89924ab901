"""Trees of known words and rewards: texts name the path, rewards stand in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.commands import Command
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, from_table


async def solve(
    algorithm: str,
    params: Mapping[str, Any],
    words: Mapping[str, Sequence[str]],
    rewards: Mapping[str, float] | None = None,
    *,
    problem: str = "a puzzle",
    seed: int = 1,
    logprobs: Mapping[str, float] | None = None,
    at: Mapping[int, Sequence[Command]] | None = None,
) -> tuple[Run, ScriptedPolicy, ScriptedReward]:
    """Run on a table: `words["a"]` are the steps after step a ("" after the root; a full stop ends the solution),
    `rewards` maps a step's text to its reward, `logprobs` to the nats of each of its tokens (one per letter and one for
    its end). Every text occurs once."""
    policy = ScriptedPolicy(
        lambda steps, request: from_table({steps: words[steps[-1] if steps else ""]})(steps, request),
        logprobs=logprobs,
    )
    reward = ScriptedReward(lambda steps: (rewards or {})[steps[-1]])
    head = header(algorithm, params, problem=problem, seed=seed, reward=rewards is not None)
    return await play(head, policy=policy, reward=reward, at=at), policy, reward


def path(run: Run) -> list[str]:
    """The texts of the chosen path, below the problem."""
    return [run.outcome.tree[index].text for index in run.outcome.tree.chosen[1:]]


def texts(run: Run, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The texts of an observation's nodes."""
    return [run.outcome.tree[entry["node"]].text for entry in entries]
