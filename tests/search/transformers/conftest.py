"""Tiny checkpoints and the loaded models on them, made once per session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.policies.transformers import TransformersPolicy
from search.rewards.kinds import RewardSettings
from search.rewards.model_reward import ModelReward
from search.templates import EMBEDDED_POLICY, EMBEDDED_REWARD
from tests.search.support.tiny import tiny_policy, tiny_reward

EMBEDDED = RewardSettings(kind="trl", template=EMBEDDED_REWARD.as_dict())
"""How the embedded process reward is read."""


@pytest.fixture(scope="session")
def policy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random policy of the embedded one's shape."""
    return tiny_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="session")
def reward_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random process reward of the embedded one's shape."""
    return tiny_reward(tmp_path_factory.mktemp("reward"))


@pytest.fixture
def policy(policy_folder: Path) -> Iterator[TransformersPolicy]:
    """A fresh engine on the tiny policy, float64."""
    policy = TransformersPolicy("tiny", policy_folder, EMBEDDED_POLICY, dtype="float64")
    yield policy
    policy.close()


@pytest.fixture
def reward(reward_folder: Path) -> Iterator[ModelReward]:
    """A fresh engine on the tiny reward, float64."""
    reward = ModelReward("tiny-reward", reward_folder, EMBEDDED, dtype="float64")
    yield reward
    reward.close()
