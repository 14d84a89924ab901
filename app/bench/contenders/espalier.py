"""Our own engine, with the journal in memory: strategies over the policy's server."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from app.bench.contenders.task import (
    BUDGET,
    CALLS,
    MOST_STEPS,
    STEP_TOKENS,
    TEMPERATURE,
    WIDTH,
    Found,
    Match,
    compete_on,
)
from search.models import load_reward
from search.policies.completions import Dialect
from search.policies.model_server import ModelServer, Patience
from search.policies.openai import OpenAIPolicy
from search.rewards.base import Reward
from search.run import run_search
from search.spec import RunSpec, header_of
from search.templates import EMBEDDED_POLICY

# Strategy of a peer → ours with the same budget.
STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "mcts": ("mcts", {"simulations": 10_000, "expansion": WIDTH, "max_depth": MOST_STEPS}),
    "ab_mcts": ("ab_mcts", {"simulations": CALLS, "max_depth": MOST_STEPS}),
    "beam": ("beam", {"width": WIDTH, "proposals": BUDGET // WIDTH, "max_steps": MOST_STEPS}),
    "particle_filter": ("particle_filter", {"particles": BUDGET, "max_steps": MOST_STEPS}),
    "self_consistency": ("majority", {"n": BUDGET, "max_steps": MOST_STEPS}),
}
WITH_CALLS = ("mcts", "ab_mcts")
UNSCORED = ("self_consistency",)  # the peer's asks no reward either


def compete(endpoint: str, model: str, strategies: list[str], asked: list[str], at_once: int) -> list[Match]:
    """One report per strategy."""
    reward = load_reward("embedded")
    return asyncio.run(_all(endpoint, model, strategies, asked, at_once, reward))


async def _all(
    endpoint: str, model: str, strategies: list[str], asked: list[str], at_once: int, reward: Reward
) -> list[Match]:
    server = ModelServer("bench", endpoint, model, None, Patience(), 512, "the benchmark")
    policy = OpenAIPolicy("served", server, Dialect(model, stream=False), EMBEDDED_POLICY, context=None)
    return [
        await compete_on(strategy, asked, at_once, partial(_search, strategy, policy, reward))
        for strategy in strategies
    ]


async def _search(strategy: str, policy: OpenAIPolicy, loaded: Reward, problem: str, seed: int) -> Found:
    algorithm, params = STRATEGIES[strategy]
    reward = None if strategy in UNSCORED else loaded
    spec = RunSpec.model_validate(
        {
            "problem": {"text": problem},
            "algorithm": algorithm,
            "params": params,
            "policy": policy.name,
            **({} if reward is not None else {"reward": None}),
            "sampling": {"temperature": TEMPERATURE, "max_step_tokens": STEP_TOKENS},
            "budget": {"policy_calls": CALLS} if strategy in WITH_CALLS else {},
            "seed": seed,
        }
    )
    journal: list[Any] = []
    outcome = await run_search(
        header_of(spec, policy, reward), policy=policy, reward=reward, sink=lambda *event: journal.append(event)
    )
    tree = outcome.tree
    steps = None if outcome.node is None else tree.steps(tree[outcome.node])
    return Found(steps, tree.counters.policy_calls, tree.counters.tokens)
