"""One question to a model outside any run: does it load, what text does it read, what does it say?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from search.policies.base import Policy, Sampling, StepRequest
from search.rewards.base import Reward, RewardError, ScoreRequest
from search.templates import Template, render_prompt, render_reward_input
from search.truth import readable_domain

SAMPLES = 3
SHOWN = ("engine", "convention", "grain", "dtype", "context", "weights_sha256", "template")
"""What a trial tells of a model's own description; where it lies is an admin's business."""


def as_models_read(problem: str) -> str:
    """The domain's one spelling where a domain reads it, as in a run's header."""
    domain = readable_domain(problem)
    return problem.strip() if domain is None else domain.canonical_text(problem)


async def try_policy(policy: Policy, problem: str, steps: Sequence[str], sampling: Sampling) -> dict[str, Any]:
    """`{model, input, prompt_tokens, samples: [{text, finish, tokens, logprob}], seconds}`: three next steps, seed 0.

    Raises:
        PolicyError: the model cannot read the prompt or its server failed; names it.
    """
    began = time.monotonic()
    described = policy.describe()
    prompt = render_prompt(described.get("template") or Template(), as_models_read(problem), steps)
    cap = sampling.max_step_tokens
    asked = [StepRequest(prompt, 0, f"trial.{number}", cap, sampling) for number in range(SAMPLES)]
    drawn = await policy.generate(asked)
    samples = [
        {
            "text": sample.text,
            "finish": sample.finish,
            "tokens": sample.tokens,
            "logprob": round(sum(sample.logprobs), 6) if sample.logprobs else None,
        }
        for sample in drawn
    ]
    return {
        "model": _shown(described),
        "input": prompt,
        "prompt_tokens": max([policy.prompt_tokens(prompt), *(sample.prompt_tokens for sample in drawn)]),
        "samples": samples,
        "seconds": round(time.monotonic() - began, 3),
    }


async def try_reward(reward: Reward, problem: str, steps: Sequence[str]) -> dict[str, Any]:
    """`{model, input, scores, seconds}`: one score per step, or one for the path as a whole.

    Raises:
        RewardError: no steps are given, or the model fails; names it.
    """
    if not steps:
        raise RewardError(f"reward {reward.name} scores steps: write at least one under the problem")
    began = time.monotonic()
    described = reward.describe()
    text = as_models_read(problem)
    [scored] = await reward.score([ScoreRequest(text, tuple(steps), finished=False)])
    template = described.get("template")
    shown = None if template is None else render_reward_input(template, text, steps, finished=False)[0]
    seconds = round(time.monotonic() - began, 3)
    return {"model": _shown(described), "input": shown, "scores": list(scored.steps), "seconds": seconds}


def _shown(described: dict[str, Any]) -> dict[str, Any]:
    return {name: described[name] for name in SHOWN if described.get(name) is not None}
