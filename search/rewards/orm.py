"""An outcome reward model: sequence classification, one score for the finished answer.

"Training Verifiers to Solve Math Word Problems" (Cobbe et al., 2021). The score is read where transformers' sequence
classification reads it, at the last token of the whole text: the sigmoid of a single logit (Bradley and Terry's
probability of winning against a zero), or the probability of `label` where there are several. A partial solution is
read as if it were the answer, which "Fast Best-of-N Decoding via Speculative Rejection" (Sun et al., 2024) does too.
"""

from __future__ import annotations

from torch import nn

from search.rewards.base import RewardError
from search.rewards.chat import around
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.qwen_prm import two_layers
from search.rewards.reading import TextReader
from search.templates import Template


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """Any decoder with a `score` head, linear or, as in Qwen2.5-Math-RM, of two layers."""
    head: nn.Module
    if checkpoint.has("score.0.weight"):
        head, labels = two_layers(checkpoint)
    else:
        single = checkpoint.linear("score")
        head, labels = single, single.out_features
    label = labels - 1 if settings.label is None else settings.label
    if label >= labels:
        raise RewardError(f"{checkpoint.slug}: label: the model has {labels} labels, there is no label {label}.")
    model = checkpoint.body()
    template = template_of(settings, Template()) if settings.template else _chat(checkpoint)
    return Convention(
        model=model,
        head=head,
        label=label,
        read=TextReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template, only_last=True),
        template=template,
        described={"separator": template.final_end, "label": label, "place": "the text's last token"},
        grain="path",
    )


def _chat(checkpoint: Checkpoint) -> Template:
    """The problem as user and the steps, a line each, as assistant."""
    start, answer, end = around(checkpoint, [("user", ""), ("assistant", "")])
    if not end:
        raise RewardError(f"{checkpoint.slug}: its chat template does not end the answer; write a `template`.")
    return Template(
        name="outcome", problem=start + "{problem}" + answer, step_end="\n", final_end=end, begin=False,
        special_tokens=True,
    )  # fmt: skip
