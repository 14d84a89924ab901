"""How nodes get their scores: from the driving reward, then from those recorded beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from search.budget import Cap
from search.effects import Effects
from search.rewards.base import RewardError
from search.rollouts import roll_out
from search.scores import score
from search.sources import RolloutPlan, Source
from search.tree import Node
from search.verdicts import can_verify, verify_rollouts

Between = Callable[[], Awaitable[None]]
"""Awaited between the effects of one request, to let a person's commands in."""


async def drive(
    effects: Effects, nodes: Sequence[Node], *, purpose: str = "drive", between: Between | None = None
) -> Cap | Literal["again"] | None:
    """Score what is unscored, source by source, as far as the budget reaches.

    None: nothing is left to score. "again": an effect was dropped for a command, or there was only room for a part;
    ask again. A cap: it is spent.
    """
    for source in effects.setting.sources:
        todo = source.unscored(nodes)
        if not todo:
            continue
        short: Cap | Literal["again"] | None
        if source.plan is not None:
            short = await _value_by_rollouts(effects, source, source.plan, todo, between)
        else:
            short = await ask(effects, source, todo, purpose if source.drives or purpose == "human" else "also")
        if short is not None:
            return short
    return None


async def ask(effects: Effects, source: Source, todo: list[Node], purpose: str) -> Cap | Literal["again"] | None:
    """Score these nodes by one source and say so; see `drive` for the result."""
    ledger = effects.ledger
    left = ledger.budget.left("reward_calls", len(ledger.tree))
    room = len(todo) if left is None else left // source.calls_per_path
    if room == 0:
        return "reward_calls"
    requests = [(node, ledger.tree.steps(node), node.finish == "end") for node in todo[:room]]
    payload = await score(effects, requests, purpose=purpose, source=source)
    if payload is None:
        return "again"
    ledger.observe("scored", {"source": source.name, "scores": payload["scores"], "drives": source.drives})
    ledger.observe_budget()
    return "again" if room < len(todo) else None


async def _value_by_rollouts(
    effects: Effects, source: Source, plan: RolloutPlan, todo: list[Node], between: Between | None
) -> Cap | None:
    """The share of each node's completions that verify, cut-off ones counted as wrong.

    "Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations" (Wang et al., 2024), its soft
    estimation. A finished solution is its own only completion. The completions are the run's: their tokens and policy
    calls count.
    """
    if not can_verify(effects):
        raise RewardError(
            f"reward {source.name} needs a problem whose answers can be checked: give the right `answer`, or choose"
            " a reward model."
        )
    asks = [(node, plan.completions) for node in todo if node.expandable]
    rolled = await roll_out(effects, asks, max_steps=plan.max_steps, between=between)
    if isinstance(rolled, str):
        return rolled
    completions = dict(zip((node.index for node, _ in asks), rolled, strict=True))
    asked = [
        (node, effects.ledger.tree.steps(node, rollout.texts))
        for node in todo
        for rollout in completions.get(node.index, ())
        if rollout.finished
    ]
    asked += [(node, effects.ledger.tree.steps(node)) for node in todo if node.solved]
    right = dict.fromkeys((node.index for node in todo), 0)
    for (node, _), verdict in zip(asked, await verify_rollouts(effects, asked), strict=True):
        right[node.index] += bool(verdict)
    shares = [[node.index, right[node.index] / (1 if node.solved else plan.completions)] for node in todo]
    effects.ledger.observe("scored", {"source": source.name, "scores": shares, "drives": source.drives})
    return None
