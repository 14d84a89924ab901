"""Qwen2.5-Math-PRM: a chat whose answer has `<extra_0>` after each step, and a two-label head read there.

"The Lessons of Developing Process Reward Models in Mathematical Reasoning" (Zhang et al., 2025) and the model card:
system message, the problem as user, the steps joined by and ended with the mark as assistant; a step's score is the
softmax over the two labels at its mark, index 1. The head, a linear layer, ReLU and another, is in the folder's code
for transformers; it is built here from the tensors `score.0` and `score.2` instead, and that code is not run.
"""

from __future__ import annotations

from torch import nn

from search.rewards.base import RewardError
from search.rewards.chat import around
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.reading import TextReader
from search.templates import Template

MARK = "<extra_0>"
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A Qwen2 body with the tensors `score.0` and `score.2`."""
    head, labels = two_layers(checkpoint)
    label = 1 if settings.label is None else settings.label
    if labels < 2 or label >= labels:
        raise RewardError(f"{checkpoint.slug}: label: the head has {labels} labels, there is no label {label}.")
    if checkpoint.tokenization.id_of(MARK) is None:
        raise RewardError(f"{checkpoint.slug}: its tokenizer has no token {MARK}; give the folder's own tokenizer.")
    model = checkpoint.body()
    template = template_of(settings, Template()) if settings.template else _chat(checkpoint)
    return Convention(
        model=model,
        head=head,
        label=label,
        read=TextReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template),
        template=template,
        described={"separator": template.step_end, "label": label, "place": "separator's last token"},
    )


def two_layers(checkpoint: Checkpoint) -> tuple[nn.Module, int]:
    """The head of Qwen2.5-Math's reward models (linear, ReLU, linear) and its number of labels."""
    first, last = checkpoint.linear("score.0"), checkpoint.linear("score.2")
    return nn.Sequential(first, nn.ReLU(), last), last.out_features


def _chat(checkpoint: Checkpoint) -> Template:
    start, answer, _ = around(checkpoint, [("system", SYSTEM), ("user", ""), ("assistant", "")])
    return Template(
        name="qwen-prm", problem=start + "{problem}" + answer, step_end=MARK, begin=False, special_tokens=True
    )
