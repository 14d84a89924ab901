"""What a run is asked to do, validated. Importable without torch: the web process validates with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from search.algorithms import algorithm_named, registry
from search.asked import check as check_follows
from search.budget import Caps
from search.domains import domain_of
from search.policies.base import Policy, PolicyError
from search.rewards.base import Reward
from search.self_evaluation import check as check_askable
from search.truth import readable_domain
from search.verifiers import VERIFIERS, infer

EMBEDDED = "embedded"
EMBEDDED_POLICIES = {EMBEDDED, "embedded_draft"}
LONGEST_PROBLEM = 20_000


class Strict(BaseModel):
    """Unknown fields are mistakes, not wishes to ignore."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProblemSpec(Strict):
    """The problem; a verifier is inferred from text and answer where none is named."""

    text: str = Field(min_length=1, max_length=LONGEST_PROBLEM, description="The problem, as the model shall read it.")
    answer: str | None = Field(default=None, max_length=2000, description="The right answer, if it is known.")
    verifier: str | None = Field(default=None, description="How answers are compared; inferred if left out.")

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise PydanticCustomError("blank", "the problem is blank")
        if "\x00" in text:
            raise PydanticCustomError("null_character", "the problem contains a null character; remove it")
        return text.strip()

    @field_validator("verifier")
    @classmethod
    def _known(cls, verifier: str | None) -> str | None:
        if verifier is not None and verifier not in VERIFIERS:
            raise PydanticCustomError(
                "unknown_verifier", "there is no such verifier; there are: {names}", {"names": ", ".join(VERIFIERS)}
            )
        return verifier


class SamplingSpec(Strict):
    """How the policy draws tokens."""

    temperature: float = Field(
        default=0.8, ge=0, le=5, allow_inf_nan=False, description="0 is the most probable token."
    )
    top_p: float = Field(
        default=1.0, gt=0, le=1, allow_inf_nan=False, description="Nucleus: the probability mass kept."
    )
    max_step_tokens: int = Field(default=64, ge=1, le=8192, description="Most tokens of one step.")
    stop: list[str] = Field(default=["\n"], min_length=1, max_length=8, description="Texts that end a step.")

    @field_validator("stop")
    @classmethod
    def _short(cls, stop: list[str]) -> list[str]:
        if any(not 1 <= len(text) <= 32 for text in stop):
            raise PydanticCustomError("stop", "each stop text has 1 to 32 characters")
        return stop


class BudgetSpec(Strict):
    """The most the run may spend; null is no cap."""

    tokens: int | None = Field(default=None, ge=1, le=10**9, description="Generated tokens.")
    policy_calls: int | None = Field(default=None, ge=1, le=10**8, description="Sampled completions.")
    reward_calls: int | None = Field(default=None, ge=1, le=10**8, description="Scored sequences.")
    nodes: int | None = Field(default=None, ge=2, le=10**7, description="Nodes of the tree, the problem included.")
    seconds: float | None = Field(default=None, gt=0, le=604_800, description="Active seconds.")

    def caps(self) -> Caps:
        """As the engine keeps them."""
        return Caps(**self.model_dump())


class RunSpec(Strict):
    """One run, as `POST …/runs` and `python -m search run` describe it."""

    problem: ProblemSpec
    algorithm: str
    params: dict[str, Any] = Field(default_factory=dict, validate_default=True)
    policy: str = Field(default=EMBEDDED, min_length=1, max_length=500)
    reward: str | None = Field(default=EMBEDDED, max_length=500, validate_default=True)
    also_rewards: list[str] = Field(
        default_factory=list, max_length=8, description="Rewards recorded beside the one that drives the search."
    )
    sampling: SamplingSpec = SamplingSpec()
    budget: BudgetSpec = BudgetSpec()
    seed: int = Field(default=0, ge=0, lt=2**53)

    @field_validator("algorithm")
    @classmethod
    def _known(cls, algorithm: str) -> str:
        if algorithm not in registry():
            raise PydanticCustomError(
                "unknown_algorithm", "there is no such algorithm; there are: {names}", {"names": ", ".join(registry())}
            )
        return algorithm

    @field_validator("params")
    @classmethod
    def _fitting(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "algorithm" not in info.data:
            return params
        return algorithm_named(info.data["algorithm"]).params_type().model_validate(params).model_dump()

    @field_validator("reward")
    @classmethod
    def _there_if_needed(cls, reward: str | None, info: ValidationInfo) -> str | None:
        if reward is not None or "algorithm" not in info.data or "params" not in info.data:
            return reward
        algorithm = algorithm_named(info.data["algorithm"])
        if algorithm.needs_reward_for(algorithm.params_type().model_validate(info.data["params"])):
            raise PydanticCustomError(
                "reward_needed",
                "{algorithm} cannot search without a reward; name one, or choose greedy or majority",
                {"algorithm": info.data["algorithm"]},
            )
        return reward

    @field_validator("also_rewards")
    @classmethod
    def _each_once(cls, names: list[str], info: ValidationInfo) -> list[str]:
        if names and info.data.get("reward", EMBEDDED) is None:
            raise PydanticCustomError(
                "no_driving_reward", "without a driving reward nothing is scored; name one of them in `reward`"
            )
        repeated = [name for i, name in enumerate(names) if name in (info.data.get("reward"), *names[:i])]
        if repeated or not all(0 < len(name) <= 500 for name in names):
            raise PydanticCustomError(
                "reward_twice", "each reward is named once, the driving one too: {names}", {"names": ", ".join(names)}
            )
        return names

    @model_validator(mode="after")
    def _readable(self) -> RunSpec:
        """The embedded policies were trained on two domains only: anything else is a mistake to say at once."""
        if EMBEDDED_POLICIES & {self.policy, draft_of(self)} and readable_domain(self.problem.text) is None:
            domain, why = domain_of(self.problem.text), ""
            if domain is not None:
                try:
                    domain.parse(self.problem.text)
                except ValueError as error:
                    why = f" {error}"
            raise ValidationError.from_exception_data(
                "RunSpec",
                [
                    InitErrorDetails(
                        type=PydanticCustomError(
                            "unreadable",
                            "the embedded policy reads Countdown, like 3 5 7 11 -> 24, and arithmetic, like"
                            " (38 + 47) * 6 - 91.{why}",
                            {"why": why},
                        ),
                        loc=("problem", "text"),
                        input=self.problem.text[:200],
                    )
                ],
            )
        return self


def draft_of(spec: RunSpec) -> str | None:
    """The slug or folder of the draft policy this run needs beside its policy, if its strategy takes turns with one."""
    algorithm = algorithm_named(spec.algorithm)
    return algorithm.draft_for(algorithm.params_type().model_validate(spec.params))


def field_errors(error: ValidationError) -> list[dict[str, str]]:
    """`[{field, message}]` with dotted field names, as problem details carry them."""
    return [
        {"field": ".".join(map(str, entry["loc"])) or "body", "message": entry["msg"]}
        for entry in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def algorithms() -> list[dict[str, Any]]:
    """Every strategy's card: name, title, paper, summary, needs_reward, commands, params (JSON schema)."""
    return [algorithm.card() for algorithm in registry().values()]


def header_of(
    spec: RunSpec,
    policy: Policy,
    reward: Reward | None,
    also_rewards: Sequence[Reward] = (),
    *,
    draft: Policy | None = None,
    warm_start: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The journal's header: all that fixes a run, with the models' own descriptions.

    The problem's text is the domain's canonical spelling where a domain reads it: that is what the models see.
    `warm_start`: `{parent, seq}` of a fork whose first `seq` events are taken over as they are.

    Raises:
        PolicyError: the strategy needs something that this policy does not report.
        ValueError: `draft` is missing or given where `draft_of(spec)` says otherwise.
    """
    if ((named := draft_of(spec)) is None) != (draft is None):
        raise ValueError(f"{spec.algorithm} takes turns with {named or 'no second policy'}: load just what it names")
    described = policy.describe()
    if algorithm_named(spec.algorithm).needs_certainty and not described.get("certainty"):
        raise PolicyError(
            f"{spec.algorithm} ranks paths by the policy's certainty, and {policy.name} does not report any: its engine"
            " does not see the whole distribution of a token. Choose a policy on the transformers engine, one in vLLM"
            " with entropies = true, or majority."
        )
    strategy = algorithm_named(spec.algorithm)
    params = strategy.params_type().model_validate(spec.params)
    if (question := strategy.asks_for(params)) is not None:
        check_askable(policy.name, described.get("questions", ()), question)
    if (needed := strategy.needs_prompt_for(params)) is not None:
        check_follows(policy.name, described.get("follows", ()), needed, spec.algorithm)
    domain = readable_domain(spec.problem.text)
    text = spec.problem.text if domain is None else domain.canonical_text(spec.problem.text)
    header: dict[str, Any] = {
        "version": 1,
        "problem": {
            "text": text,
            "answer": spec.problem.answer,
            "verifier": spec.problem.verifier or infer(text, spec.problem.answer),
        },
        "algorithm": spec.algorithm,
        "params": spec.params,
        "seed": spec.seed,
        "policy": described,
        "reward": None if reward is None else reward.describe(),
        "sampling": spec.sampling.model_dump(),
        "budget": spec.budget.model_dump(),
    }
    if also_rewards:
        header["also_rewards"] = [other.describe() for other in also_rewards]
    if draft is not None:
        header["draft"] = draft.describe()
    return header if warm_start is None else {**header, "warm_start": warm_start}
