"""What a reward convention makes of a checkpoint: a body, a head, a label, and how a path is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from torch import nn

from search.rewards.base import Grain
from search.rewards.checkpoint import Checkpoint
from search.rewards.kinds import RewardSettings
from search.rewards.scoring import Reader
from search.templates import Template


@dataclass(frozen=True)
class Convention:
    """A loaded reward model.

    `model` is transformers' model; `head` maps hidden states (n, width) to logits (n, labels) and is None where the
    model's own output holds the logits of every token. The score is the probability of `label`: softmax over the
    labels, or a sigmoid where there is only one; with `label` None it is how surprising the steps are, and `head` gives
    the vocabulary's logits. `described` says in words and ids where the score is taken.
    """

    model: Any
    head: nn.Module | None
    label: int | None
    read: Reader
    template: Template
    described: dict[str, Any]
    grain: Grain = "step"


class Conventional(Protocol):
    """A convention's loader, `load` of its file in this package."""

    def __call__(self, checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
        """Load the checkpoint; raises RewardError where it is not of this kind."""


def template_of(settings: RewardSettings, default: Template) -> Template:
    """The template an admin wrote, or the convention's own."""
    return default if settings.template is None else Template.of(settings.template)


def context_of(model: Any) -> int:
    """The most tokens a model reads."""
    context: int = model.config.get_text_config().max_position_embeddings
    return context
