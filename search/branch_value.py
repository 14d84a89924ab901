"""Was a branch good? Rollouts from any step of a tree, a pruned one too, outside the run and its budget.

Nothing enters the journal. As in "Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations"
(Wang et al., 2024) a step is worth the share of its completions that verify; one that does not end counts as wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from search.chart_series import wilson
from search.policies.base import Policy, PolicyError, StepRequest, StepSample
from search.policies.lockstep import Leash, PathRequest, decode
from search.setting import Setting
from search.tree import Node, Tree
from search.truth import Truth


class NothingToContinue(ValueError):
    """No rollout can start at this node; the message says why."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One rollout. `finished`: the policy ended it; `correct` null: nothing is known about its answer."""

    steps: tuple[str, ...]
    tokens: int
    finished: bool
    answer: str | None
    correct: bool | None


@dataclass(frozen=True, slots=True)
class BranchValue:
    """`right` of the completions verify; `share` of them, with its 95 % Wilson interval; null where nobody can tell."""

    node: int
    status: str
    completions: list[Completion]
    right: int | None
    share: float | None
    interval: tuple[float, float] | None

    @property
    def tokens(self) -> int:
        """Tokens generated for all of them."""
        return sum(completion.tokens for completion in self.completions)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "tokens": self.tokens}


async def value_of(
    header: dict[str, Any], tree: Tree, node: Node, k: int, policy: Policy, *, max_steps: int = 32
) -> BranchValue:
    """`value_branch` of a run that is described by its journal's header, by its own policy or another.

    Raises:
        NothingToContinue, PolicyError: as there.
    """
    problem = header["problem"]
    setting = Setting.of(
        {**header, "policy": policy.describe(), "reward": None, "also_rewards": []},
        policy=policy,
        reward=None,
        truth=Truth.of(problem["text"], problem["answer"], problem["verifier"]),
        clock=lambda: 0.0,
    )
    return await value_branch(setting, tree, node, k, max_steps=max_steps)


async def value_branch(setting: Setting, tree: Tree, node: Node, k: int, *, max_steps: int = 32) -> BranchValue:
    """`k` completions of at most `max_steps` further steps each, drawn with the run's seed under keys of their own.

    Raises:
        NothingToContinue: the solution ends at this node, or the policy's context is full there.
        PolicyError: the policy failed.
    """
    policy = setting.policy
    if policy is None:
        raise ValueError("rollouts need a policy")
    if node.finish == "end" or node.dead:
        raise NothingToContinue(f"node {node.index} ends there ({node.finish}): take a step before it")
    samples = await (_whole if setting.lone_pieces else _by_steps)(setting, policy, tree, node, k, max_steps)
    if not any(samples):
        raise NothingToContinue(f"node {node.index} fills the policy's context: nothing can follow it")
    completions = [_completion(setting, tree, node, written) for written in samples]
    if setting.truth is None or setting.truth.verifier is None:
        return BranchValue(node.index, node.status, completions, None, None, None)
    right = sum(completion.correct is True for completion in completions)
    return BranchValue(node.index, node.status, completions, right, right / k, wilson(right, k))


async def _by_steps(
    setting: Setting, policy: Policy, tree: Tree, node: Node, k: int, max_steps: int
) -> list[list[StepSample]]:
    texts: list[tuple[str, ...]] = [() for _ in range(k)]
    samples: list[list[StepSample]] = [[] for _ in range(k)]
    for step in range(max_steps):
        going = [i for i in range(k) if not samples[i] or samples[i][-1].finish == "step"]
        requests = [_request(setting, tree, node, f"{i}.{step}", texts[i], samples[i]) for i in going]
        asked = [(i, request) for i, request in zip(going, requests, strict=True) if request is not None]
        if not asked:
            break
        drawn = await policy.generate([request for _, request in asked])
        if len(drawn) != len(asked):
            raise PolicyError(f"policy {policy.name} returned {len(drawn)} samples for {len(asked)} requests")
        for (i, _), sample in zip(asked, drawn, strict=True):
            texts[i], samples[i] = (*texts[i], sample.text), [*samples[i], sample]
    return samples


async def _whole(
    setting: Setting, policy: Policy, tree: Tree, node: Node, k: int, max_steps: int
) -> list[list[StepSample]]:
    """At one request, for a policy behind a server."""
    cap, joint = setting.sampling.max_step_tokens, setting.template.step_end + setting.template.step_start
    steps = [_request(setting, tree, node, f"{i}.0", (), ()) for i in range(k)]
    asked = [PathRequest(step, max_steps, max_steps * cap, cap, joint) for step in steps if step is not None]
    return await decode(policy, asked, Leash()) if asked else [[] for _ in range(k)]


def _request(
    setting: Setting, tree: Tree, node: Node, key: str, texts: Sequence[str], samples: Sequence[StepSample]
) -> StepRequest | None:
    """The next step of a completion; None when the context has no room for it."""
    ids = [token for sample in samples for token in sample.token_ids]
    prompt, prefix, written_from = setting.prompt(tree, node, texts, ids)
    assert setting.policy is not None
    tokens = setting.policy.prompt_tokens(prompt) if prefix is None else len(prefix)
    if setting.context is not None and tokens >= setting.context:
        return None
    cap = setting.sampling.max_step_tokens
    return StepRequest(
        prompt,
        setting.seed,
        f"{node.key}.v{key}",
        cap,
        setting.sampling,
        prefix,
        written_from=written_from,
    )


def _completion(setting: Setting, tree: Tree, node: Node, samples: Sequence[StepSample]) -> Completion:
    texts, finished = tuple(sample.text for sample in samples), bool(samples) and samples[-1].finish == "end"
    answer, correct = None, None
    if finished and setting.truth is not None:
        verdict = setting.truth.verdict(node.index, tree.steps(node, texts), finished=True)
        answer, correct = verdict["answer"], verdict["correct"]
    return Completion(texts, sum(sample.tokens for sample in samples), finished, answer, correct)
