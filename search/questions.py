"""What the embedded policy can be asked besides the next step: is this right, would a restart do better, mend this.

One place for these prompts' text. Each is a string that the embedded tokenizer reads with its special tokens on
(`special_tokens` of a template): the markers below are one token each, and no problem or step can contain them.

    problem\\nstep1\\nstep2\\n<right?>    next token <yes> or <no>: will this come out right if the policy goes on?
    problem\\nstep1\\nstep2\\n<restart?>  next token <yes> or <no>: would a fresh solution be right, and this not?
    problem\\nwrong1\\nwrong2\\n<refine>   next: another solution, its steps a line each, then <eos>

P(<yes>) / (P(<yes>) + P(<no>)) is the answer as a probability. `<right?>` may follow any step, the last one too.
"Adaptive Inference-Time Compute: LLMs Can Predict if They Can Do Better, Even Mid-Generation" (Manvi et al., 2024)
asks whether a restart would be better by one token; "Self-Evaluation Guided Beam Search for Reasoning" (Xie et al.,
2023) multiplies a step's likelihood with the policy's own P(right).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Question = Literal["right", "restart"]
"""What a policy may be asked about its own steps: will this come out right; would a fresh start do better."""

ASK: dict[Question, str] = {"right": "<right?>", "restart": "<restart?>"}
"""The marker that asks; ids 4 and 5 of the embedded tokenizer."""

YES, NO = "<yes>", "<no>"
"""The verdicts; ids 6 and 7 of the embedded tokenizer."""

REFINE = "<refine>"
"""The marker between a wrong solution and another; id 8 of the embedded tokenizer."""

TOKEN_IDS = {"<right?>": 4, "<restart?>": 5, YES: 6, NO: 7, REFINE: 8}
"""The markers' ids in the embedded tokenizer."""


def render_self_evaluation(problem: str, steps: Sequence[str], question: Question = "right") -> str:
    """The text whose next token is a verdict on `steps`; `problem` in its domain's canonical text."""
    return _lines(problem, steps) + ASK[question]


def render_refine(problem: str, wrong_steps: Sequence[str]) -> str:
    """The text that the policy continues with another solution than `wrong_steps`."""
    return _lines(problem, wrong_steps) + REFINE


def _lines(problem: str, steps: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in [problem, *steps])
