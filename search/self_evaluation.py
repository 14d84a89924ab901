"""Self-evaluation: the policy's own probability of a verdict on its partial or finished solutions.

"Language Models (Mostly) Know What They Know" (Kadavath et al., 2022) asks whether an answer is right; "Adaptive
Inference-Time Compute: LLMs Can Predict if They Can Do Better, Even Mid-Generation" (Manvi et al., 2024) whether a
fresh start would do better. It is one forward pass over the path and the question. Nothing is generated: it counts as a
reward call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from search.budget import Cap
from search.effects import Effects
from search.policies.base import PolicyError
from search.questions import Question
from search.rewards.base import PathScore, ScoreRequest
from search.scoring import ask
from search.sources import Source
from search.templates import Template, render_prompt, source_name
from search.tree import Node

WHAT_IT_ASKS: dict[Question, str] = {
    "right": "whether its solution is right",
    "restart": "whether a fresh start would do better",
}


class Asked(Protocol):
    """A policy that can be asked for a verdict, on top of `Policy`."""

    async def ask(self, prompts: Sequence[str], question: Question) -> list[tuple[float, int]]:
        """Per prompt (problem and steps, rendered): P(yes) / (P(yes) + P(no)) right after the question, rounded to
        1e-6, and the tokens read."""
        ...


class SelfEvaluation:
    """A question to the policy in the shape of a reward (see `Reward`): one score per path."""

    def __init__(self, policy: Asked, template: Template, question: Question) -> None:
        self.name = source_name(question)
        self._policy = policy
        self._template = template
        self._question: Question = question

    def describe(self) -> dict[str, Any]:
        """As a reward's."""
        return {"slug": self.name, "grain": "path"}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """The probability of yes for each path."""
        prompts = [render_prompt(self._template, request.problem, request.steps) for request in requests]
        return [PathScore((chance,), tokens) for chance, tokens in await self._policy.ask(prompts, self._question)]


async def self_evaluate(effects: Effects, nodes: Sequence[Node], question: Question) -> Cap | Literal["again"] | None:
    """Ask about the nodes that were not asked about yet; None once all have their score (see `scoring.ask`).

    Raises:
        PolicyError: the policy has no such prompt.
    """
    setting = effects.setting
    check("" if setting.policy is None else setting.policy.name, setting.questions, question)
    asked: Any = None if setting.policy is None else SelfEvaluation(setting.policy, setting.template, question)  # type: ignore[arg-type]
    source = Source(source_name(question), drives=False, grain="path", reward=asked)
    todo = source.unscored(nodes)
    return await ask(effects, source, todo, "also") if todo else None


def check(policy: str, questions: Sequence[str], question: Question) -> None:
    """Nothing if a policy that can be asked `questions` can be asked this.

    Raises:
        PolicyError: it has no such prompt; names the mend.
    """
    if question not in questions:
        raise PolicyError(
            f"{policy} cannot be asked {WHAT_IT_ASKS[question]}: its template has no prompt for it"
            f" (ask_{question}), or its vocabulary has no single tokens for the verdicts. Choose a policy that was"
            " trained to answer, or set the template in its espalier.json."
        )
