"""RLHFlow's process reward: a chat in which every step is a user's turn, answered + or -.

"RLHF Workflow" / RLHFlow's math reward models (Dong et al., 2024) and their `prm_evaluate.py`: the first turn is the
problem, a space and the first step; the signs' ids are the last ones of `+` and of `-`; a step's score is the softmax
over these two logits at the token before the answer's +. All earlier steps are answered +.
"""

from __future__ import annotations

from search.rewards.base import RewardError
from search.rewards.chat import around
from search.rewards.checkpoint import Checkpoint, rows_of
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.reading import TextReader
from search.templates import Template

GOOD, BAD = "+", "-"


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A causal language model with a chat template (the published ones are Llama 3.1)."""
    model = checkpoint.causal()
    if settings.verdicts:
        signs = checkpoint.token_ids(settings.verdicts)
    else:
        signs = [checkpoint.tokenization.encode(sign)[-1] for sign in (GOOD, BAD)]
    template = template_of(settings, Template()) if settings.template else _chat(checkpoint)
    return Convention(
        model=model,
        head=rows_of(model.get_output_embeddings(), signs),
        label=0,
        read=TextReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template, followed_by=GOOD),
        template=template,
        described={"separator": template.step_end, "verdict_ids": signs, "place": f"the token before {GOOD}"},
    )


def _chat(checkpoint: Checkpoint) -> Template:
    """The folder's chat with a step in each user turn."""
    start, answer, turn, again, _ = around(
        checkpoint, [("user", ""), ("assistant", ""), ("user", ""), ("assistant", "")]
    )
    if answer != again:
        raise RewardError(
            f"{checkpoint.slug}: its chat template answers the second turn otherwise than the first; write the text"
            " around problem and steps as `template`."
        )
    return Template(
        name="rlhflow",
        problem=start + "{problem} ",
        step_end=answer,
        between=GOOD + turn,
        begin=False,
        special_tokens=True,
    )
