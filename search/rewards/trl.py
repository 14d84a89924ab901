"""TRL's stepwise supervision: token classification, the label at the last token of each step's separator.

"TRL: Transformer Reinforcement Learning" (von Werra et al.): `PRMTrainer` tokenises the prompt, every completion and
the separator one by one and labels the last separator token. The embedded reward is of this kind.
"""

from __future__ import annotations

from search.rewards.base import RewardError
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.reading import PieceReader
from search.templates import Template

TEMPLATE = Template(name="trl", problem="{problem}", step_end="\n")
"""Begin token, prompt, and after each completion `PRMTrainer`'s default separator, a line break."""


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A token-classification model of any architecture that transformers knows."""
    model = checkpoint.token_classifier()
    label, labels = 1 if settings.label is None else settings.label, model.config.num_labels
    if labels > 1 and label >= labels:
        raise RewardError(f"{checkpoint.slug}: label: the model has {labels} labels, there is no label {label}.")
    template = template_of(settings, TEMPLATE)
    return Convention(
        model=model,
        head=getattr(model, "score", None),  # the decoders' classifier; encoders keep theirs behind dense layers
        label=label,
        read=PieceReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template),
        template=template,
        described={"separator": template.step_end, "label": label, "place": "separator's last token"},
    )
