"""Skywork-o1's process reward: a value head on a causal language model, read at the line break that ends each step.

"Skywork-o1 Open Series" and its `skywork-o1-prm-inference`: the text is the begin token, the problem, a line break,
then every step's line, tokenised by itself, and the id of a line break; a step's score is the sigmoid of the value at
that line break. Its steps are lines: a step of several lines is read as several and scored at its last.
"""

from __future__ import annotations

from search.rewards.base import ScoreRequest
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.reading import PieceReader
from search.templates import Template, reward_pieces

TEMPLATE = Template(name="skywork", problem="{problem}\n", step_end="\n")
VALUE_HEAD = "v_head.summary"


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A language model (the published ones are Qwen2) whose weights hold `v_head.summary`."""
    head = checkpoint.linear(VALUE_HEAD)
    model = checkpoint.body()
    template = template_of(settings, TEMPLATE)

    def lines(path: ScoreRequest) -> list[tuple[str, bool]]:
        pieces: list[tuple[str, bool]] = []
        for piece, scored in reward_pieces(template, path.problem, path.steps, path.finished):
            if scored or not pieces:
                pieces.append((piece, scored))
                continue
            *earlier, last = piece.split(template.step_end)
            for line in earlier:
                pieces += [(line, False), (template.step_end, False)]
            pieces.append((last, False))
        return [piece for piece in pieces if piece[0]]

    return Convention(
        model=model,
        head=head,
        label=0,
        read=PieceReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template, lines),
        template=template,
        described={"separator": template.step_end, "head": VALUE_HEAD, "place": "separator's last token"},
    )
