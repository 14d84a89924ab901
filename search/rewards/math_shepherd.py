"""Math-Shepherd's process reward: a causal language model that answers + or - at a tag after each step.

"Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations" (Wang et al., 2024) and its model
card: ` ки` follows each step, the ids of the good and the bad sign are those of the text `+ -`, and a step's score is
the softmax over these two logits at its tag. The tag is found by its place in the text, not by its id, so that a
problem which contains the tag's letters has no more scores than steps.
"""

from __future__ import annotations

from search.rewards.base import RewardError
from search.rewards.checkpoint import Checkpoint, rows_of
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.reading import TextReader
from search.templates import Template

TEMPLATE = Template(name="math-shepherd", problem="{problem} ", step_end=" ки", between="\n")


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A causal language model (the published one is a Mistral)."""
    model = checkpoint.causal()
    signs = checkpoint.token_ids(settings.verdicts) if settings.verdicts else checkpoint.tokenization.encode("+ -")
    if len(signs) != 2:
        raise RewardError(
            f'{checkpoint.slug}: "+ -" is {len(signs)} tokens of this vocabulary, not two; name the tokens of the good'
            " and the bad sign in `verdicts`."
        )
    template = template_of(settings, TEMPLATE)
    return Convention(
        model=model,
        head=rows_of(model.get_output_embeddings(), signs),
        label=0,
        read=TextReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template),
        template=template,
        described={"separator": template.step_end, "verdict_ids": signs, "place": "separator's last token"},
    )
