"""How vLLM is told to give a number, or a vector, for every token of a path: its pooling of tokens.

vLLM 0.32 knows token classification for encoders only. A decoder with a `score` layer is told to be a sequence
classifier, whose layer it then applies to every token (`token_classify`, bias included); Qwen2.5-Math's two layers it
has itself. A causal language model gives the states before its vocabulary (`token_embed`), and the few logits that
matter are computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from torch import Tensor, nn

from search.rewards.base import RewardError
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention

OWN = ("Qwen2ForProcessRewardModel", "Qwen2ForRewardModel")
"""Architectures of reward models that vLLM has itself."""


@dataclass(frozen=True, slots=True)
class Pooling:
    """What is asked for each token: `width` numbers, the head's logits or the states that `head` makes into them."""

    task: Literal["token_classify", "token_embed"]
    architecture: str | None
    """What the folder is to be taken for, where vLLM does not know what it says it is."""
    width: int
    head: nn.Module

    @property
    def arguments(self) -> dict[str, Any]:
        """vLLM's engine arguments; a server is started with the same (docs/rewards.md)."""
        taken = {} if self.architecture is None else {"hf_overrides": {"architectures": [self.architecture]}}
        return {"runner": "pooling", **taken}

    @property
    def pooler(self) -> dict[str, Any]:
        """vLLM's pooler: every token's, as it comes out of the layer."""
        return {"task": self.task, "tok_pooling_type": "ALL", "use_activation": False}


def pooling_of(checkpoint: Checkpoint, convention: Convention) -> Pooling:
    """The pooling that a convention needs.

    Raises:
        RewardError: vLLM cannot read such a folder.
    """
    config = convention.model.config.get_text_config()
    architecture = (checkpoint.config.get("architectures") or [""])[0]
    if architecture in OWN:
        return Pooling("token_classify", None, 2 if "Process" in architecture else 1, nn.Identity())
    if convention.head is not None and architecture.endswith("ForCausalLM"):
        return Pooling("token_embed", None, config.hidden_size, convention.head)
    for ending in ("ForTokenClassification", "ForSequenceClassification"):
        if isinstance(convention.head, nn.Linear) and architecture.endswith(ending):
            alike = f"{architecture.removesuffix(ending)}ForSequenceClassification"
            return Pooling("token_classify", alike, convention.head.out_features, nn.Identity())
    raise RewardError(
        f"{checkpoint.slug}: runs_in: vLLM has no model for the folder {checkpoint.folder.name!r} (architecture:"
        f" {architecture or 'unknown'}): its head is not one that vLLM can load. Let it run in transformers."
    )


class Pooler(Protocol):
    """What has the model's layers: vLLM in this process, or vLLM's server."""

    async def vectors(self, paths: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """For each path of token ids a tensor, (tokens, width), float32, in their order.

        Raises:
            RewardError: it failed, or answers something else; names the reward.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps of the engine: its name, and what it tells of itself."""
        ...

    def close(self) -> None:
        """Stop it, where it is of this process."""
        ...
