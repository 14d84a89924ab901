"""A policy as a reward: are the steps as likely as the policy itself expected them to be?

No labels and no training: the sum of log p + entropy over the steps' tokens (`SurpriseReadout`). It knows a slip where
the policy is sure of itself, and nothing of choices between equals, so it is best joined with a reward that was taught
(`search/rewards/joined.py`).
"""

from __future__ import annotations

from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.reading import PieceReader
from search.templates import Template

TEMPLATE = Template(name="surprise")
"""A prompt of plain lines, as a policy's without a template of its own."""


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A causal language model of any architecture that transformers knows."""
    model = checkpoint.causal()
    template = template_of(settings, TEMPLATE)
    return Convention(
        model=model,
        head=model.get_output_embeddings(),
        label=None,
        read=PieceReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template),
        template=template,
        described={"place": "end of each step", "score": "logistic(sum of log p + entropy over the steps' tokens)"},
    )
