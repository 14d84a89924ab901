"""The models a run names: loaded once per process, and held back while its journal cannot be written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from django.db import connections
from pydantic import ValidationError

from app.registry.configuration import strayed
from app.registry.models import LanguageModel
from app.registry.selectors import configured_where, model_named
from search.model_file import policy_described, reward_described
from search.models import load_described_policy, load_described_reward, load_policy, load_reward
from search.policies import lockstep
from search.policies.base import Cancellation, Policy, PolicyError, StepRequest, StepSample
from search.policies.lockstep import Leash, PathRequest
from search.rewards.base import PathScore, Reward, RewardError, ScoreRequest

OF_THE_RUN = frozenset({"sampling"})  # settings of a model that are defaults of its runs, not of its engine


def draft_model(slug: str) -> Policy:
    """The policy of this slug, for a run that takes turns with it. Blocks and raises like `models_for`."""
    return models_for(slug, None)[0]


def models_for(policy: str, reward: str | None) -> tuple[Policy, Reward | None]:
    """The policy and reward of these slugs. Blocks for seconds the first time: call it on a thread.

    Raises:
        PolicyError, RewardError: not configured any more, or it cannot be loaded; names it.
    """
    try:
        chosen = model_named(LanguageModel.Kind.POLICY, policy)
    finally:
        connections.close_all()
    if chosen is None:
        raise PolicyError(f"there is no enabled policy {policy!r} any more: an admin can add it again")
    rewards = rewards_for([] if reward is None else [reward])
    return _policy(chosen), rewards[0] if rewards else None


def rewards_for(slugs: Sequence[str]) -> list[Reward]:
    """The rewards of these slugs, in their order; blocks and raises like `models_for`."""
    try:
        found = [model_named(LanguageModel.Kind.REWARD, slug) for slug in slugs]
    finally:
        connections.close_all()
    rewards = []
    for slug, model in zip(slugs, found, strict=True):
        if model is None:
            raise RewardError(f"there is no enabled reward model {slug!r} any more: an admin can add it again")
        rewards.append(_reward(model))
    return rewards


def _policy(model: LanguageModel) -> Policy:
    if model.configuration is None:
        return load_policy(model.location or model.slug, **_engine_settings(model))
    try:
        described = policy_described(model.configuration)
    except ValidationError as error:  # of another version of Espalier
        raise PolicyError(f"{model.slug}: {configured_where(model.slug)} cannot be read any more: {error}") from error
    return load_described_policy(model.slug, described, configured_where(model.slug))


def _reward(model: LanguageModel) -> Reward:
    if model.configuration is None:
        return load_reward(model.location or model.slug, model.slug, **_engine_settings(model))
    try:
        described = reward_described(model.configuration)
    except ValidationError as error:
        raise RewardError(f"{model.slug}: {configured_where(model.slug)} cannot be read any more: {error}") from error
    if (found := strayed(described.folder)) is not None:  # the folder may have changed since it was added
        raise RewardError(f"{model.slug}: {found[0]}; {found[1]}")
    return load_described_reward(model.slug, described)


def _engine_settings(model: LanguageModel) -> dict[str, Any]:
    return {name: value for name, value in model.settings.items() if name not in OF_THE_RUN}


class PacedPolicy:
    """A policy for one attempt: waits while PostgreSQL is away, and counts what the attempt generated."""

    def __init__(self, policy: Policy, keep_up: Callable[[], Awaitable[None]]) -> None:
        self._policy = policy
        self._keep_up = keep_up
        self.generated_tokens = 0

    def __getattr__(self, name: str) -> Any:
        # Whatever else this engine can do (encoding, token texts) it does under its own name.
        return getattr(self._policy, name)

    @property
    def name(self) -> str:
        return self._policy.name

    def describe(self) -> dict[str, Any]:
        return self._policy.describe()

    def prompt_tokens(self, prompt: str) -> int:
        return self._policy.prompt_tokens(prompt)

    async def generate(
        self, requests: Sequence[StepRequest], cancellation: Cancellation | None = None
    ) -> list[StepSample]:
        """As the policy does, once everything before it is safe enough."""
        await self._keep_up()
        samples = await self._policy.generate(requests, cancellation)
        self.generated_tokens += sum(sample.tokens for sample in samples)
        return samples

    async def decode(
        self, requests: Sequence[PathRequest], leash: Leash, cancellation: Cancellation | None = None
    ) -> list[list[StepSample]]:
        """Paths in lockstep, likewise."""
        await self._keep_up()
        paths = await lockstep.decode(self._policy, requests, leash, cancellation)
        self.generated_tokens += sum(step.tokens for path in paths for step in path)
        return paths


class PacedReward:
    """A reward model for one attempt: waits while PostgreSQL is away."""

    def __init__(self, reward: Reward, keep_up: Callable[[], Awaitable[None]]) -> None:
        self._reward = reward
        self._keep_up = keep_up

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reward, name)

    @property
    def name(self) -> str:
        return self._reward.name

    def describe(self) -> dict[str, Any]:
        return self._reward.describe()

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """As the reward does, once everything before it is safe enough."""
        await self._keep_up()
        return await self._reward.score(requests)
