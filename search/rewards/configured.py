"""A reward model's folder in the engine its settings name. Imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from search.policies.base import PolicyError
from search.policies.configured import api_key
from search.policies.model_server import ModelServer, Patience
from search.rewards.base import Reward, RewardError
from search.rewards.judge import JudgeReward
from search.rewards.kinds import RewardSettings
from search.rewards.model_reward import ModelReward
from search.rewards.pooled_reward import PooledReward
from search.rewards.pooling import Pooler, Pooling
from search.rewards.served_pooler import LARGEST_ANSWER, ServedPooler
from search.rewards.vllm_pooler import VllmPooler


def configured_reward(slug: str, folder: Path, followed: RewardSettings, engine: dict[str, Any]) -> Reward:
    """Load it. `engine` has keys of `search.model_file.RewardModel`, checked there.

    Raises:
        RewardError: it cannot be loaded; names the reward and the key.
    """
    runs_in = engine.pop("runs_in", "transformers")
    if runs_in == "transformers":
        if followed.kind == "judge" and followed.votes > 1:
            return JudgeReward(slug, folder, followed, **engine)
        return ModelReward(slug, folder, followed, **engine)
    dtype = engine.pop("dtype", "float32")

    def make(pooling: Pooling) -> Pooler:
        if runs_in == "vllm":
            known = "float32" if dtype == "float64" else dtype  # vLLM has no float64
            return VllmPooler(slug, folder, pooling, {"dtype": known, **engine.get("vllm", {})})
        return _served(slug, pooling, engine)

    return PooledReward(slug, folder, followed, make, dtype)


def _served(slug: str, pooling: Pooling, told: dict[str, Any]) -> ServedPooler:
    where = f"the settings of the reward {slug}"
    patience = Patience(told.get("connect_timeout", 5.0), told.get("timeout", 120.0), told.get("retries", 3))
    try:
        key = api_key(slug, told.get("api_key_env"), where)
    except PolicyError as error:
        raise RewardError(str(error)) from error
    address = told["base_url"].rstrip("/").removesuffix("/v1")  # vLLM's /pooling stands beside its /v1
    server = ModelServer(
        slug, address, told["model"], key, patience, told.get("connections", 64), where, "v1/models", LARGEST_ANSWER
    )
    return ServedPooler(server, told["model"], pooling, told.get("priority", False))
