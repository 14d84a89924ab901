"""From what a person asked for to complete settings of a run: defaults filled in, everything checked.

So `{"problem": {"text": …}, "algorithm": …}` is enough, and whatever is wrong is refused before anything is stored.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from pydantic import ValidationError

from app.config.field_errors import field_errors
from app.config.problems import FieldError, Invalid
from app.explorer.schemas import BudgetIn, ProblemIn, RunIn, SamplingIn
from app.explorer.strategies import strategies
from app.explorer.token_texts import unreadable
from app.registry.models import LanguageModel
from app.registry.selectors import model_default, model_offered
from search.algorithms.base import Algorithm, Params
from search.asked import misfit
from search.budget import CAPS
from search.domains import DOMAINS, domain_of
from search.models import policy_template
from search.policies.base import Sampling
from search.templates import Template
from search.verifiers import VERIFIERS, infer

DEFAULT_BUDGET = {"tokens": 20_000, "policy_calls": None, "reward_calls": None, "nodes": 5_000, "seconds": 900}
"""What a run may spend when nobody said: a minute or two of the embedded policy, and an end in any case."""
NO_CAPS: dict[str, Any] = dict.fromkeys(CAPS)
SHORTEST_STEP = 8
"""Tokens without which no model writes a step: a smaller cap could not pay for even one."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Complete and checked; `problem` is `{text, answer, verifier}`."""

    problem: dict[str, Any]
    algorithm: str
    params: dict[str, Any]
    policy: str
    reward: str | None
    also_rewards: list[str]
    sampling: dict[str, Any]
    budget: dict[str, Any]
    seed: int


def settings_resolve(wanted: RunIn, team: int | None = None) -> RunSettings:
    """Fill in defaults and check. Models may be everybody's or the `team`'s.

    Raises:
        Invalid: names the field (`params.width`) and the mend.
    """
    params = _params(wanted.algorithm, wanted.params)
    policy = _model(LanguageModel.Kind.POLICY, wanted.policy, team)
    assert policy is not None
    no_reward = "reward" in wanted.model_fields_set and wanted.reward is None
    reward = None if no_reward else _model(LanguageModel.Kind.REWARD, wanted.reward, team)
    strategy = strategies()[wanted.algorithm]
    settings = strategy.params_type().model_validate(params)
    if reward is None and strategy.needs_reward_for(settings):
        raise Invalid.field("reward", f"{wanted.algorithm} needs a reward model", "leave it out for the default one")
    if (unfit := _misfit(policy, strategy, settings)) is not None:
        raise Invalid.field("policy", *unfit)
    also = _also(wanted.also_rewards, reward, team)
    draft = _draft(strategy.draft_for(settings), team)
    problem = problem_resolve(wanted.problem, [model for model in (policy, reward, draft, *also) if model is not None])
    sampling = _sampling(policy, wanted.sampling)
    return RunSettings(
        problem=problem,
        algorithm=wanted.algorithm,
        params=params,
        policy=policy.slug,
        reward=reward.slug if reward else None,
        also_rewards=[model.slug for model in also],
        sampling=sampling,
        budget=_budget(wanted.budget, sampling),
        seed=wanted.seed if wanted.seed is not None else secrets.randbelow(2**31),
    )


def _misfit(policy: LanguageModel, strategy: type[Algorithm[Any]], params: Params) -> tuple[str, str] | None:
    """Why this policy cannot run the strategy, and the mend. What only its weights can say, the worker does."""
    if policy.template is not None:
        template: Template | None = Template.of(policy.template)
    else:
        template = policy_template(policy.location or policy.slug)
    if template is None:
        return None
    return misfit(policy.slug, template.follows, strategy.needs_prompt_for(params), strategy.name)


def strategies_refused(policy: LanguageModel) -> dict[str, str]:
    """Why this policy cannot run some strategies with their default parameters, and the mend, by their names."""
    found = {name: _misfit(policy, strategy, strategy.params_type()()) for name, strategy in strategies().items()}
    return {name: f"{why[0]}; {why[1]}." for name, why in found.items() if why is not None}


def problem_resolve(problem: ProblemIn, readers: Sequence[LanguageModel]) -> dict[str, Any]:
    """The problem as these models read it: `{text, answer, verifier}`.

    Raises:
        Invalid: one of them cannot read it; names it.
    """
    checked = _problem(problem, readers)
    for reader in readers:
        writes = reader.kind == LanguageModel.Kind.POLICY
        if writes and (why := unreadable(reader.slug, checked["text"])) is not None:
            raise Invalid.field("problem.text", f"the policy {reader.slug} cannot read it: {why}", "leave it out")
    return checked


def _also(slugs: list[str], reward: LanguageModel | None, team: int | None) -> list[LanguageModel]:
    """The rewards recorded beside the driving one."""
    if slugs and reward is None:
        raise Invalid.field("also_rewards", "without a driving reward nothing is scored", "name one of them as reward")
    driving = [] if reward is None else [reward.slug]
    if len({*driving, *slugs}) < len(driving) + len(slugs):
        raise Invalid.field("also_rewards", "a reward is named twice", "name each once; the driving one is `reward`")
    return [found for slug in slugs if (found := _model(LanguageModel.Kind.REWARD, slug, team)) is not None]


def _params(algorithm: str, params: dict[str, Any]) -> dict[str, Any]:
    known = strategies()
    if algorithm not in known:
        raise Invalid.field("algorithm", f"there is no strategy {algorithm!r}", f"one of {', '.join(sorted(known))}")
    schema = known[algorithm].params_type()
    unknown = sorted(set(params) - set(schema.model_fields))
    if unknown:
        mend = f"{algorithm} has {', '.join(schema.model_fields)}" if schema.model_fields else "send no params"
        raise Invalid(
            f"params.{unknown[0]}: {algorithm} has no such parameter",
            [FieldError(f"params.{name}", f"{algorithm} has no such parameter", mend) for name in unknown],
        )
    try:
        return schema.model_validate(params).model_dump(mode="json")
    except ValidationError as error:
        errors = field_errors([{**found, "loc": ("params", *found["loc"])} for found in error.errors()], skip=0)
        errors = [
            FieldError(f"params.{e.field}" if e.field != "params" else "params", e.message, e.mend) for e in errors
        ]
        raise Invalid(f"{errors[0].field}: {errors[0].message}", errors) from error


def _model(kind: str, slug: str | None, team: int | None) -> LanguageModel | None:
    """The named model, or the default of its kind. A policy there must be; without a reward model one can live."""
    if slug is None:
        model = model_default(kind)
        if model is None and kind == LanguageModel.Kind.POLICY:
            raise Invalid.field("policy", "no policy is configured", "ask an admin to add one")
        return model
    found = model_offered(kind, slug, team)
    if found is None:
        known = LanguageModel.objects.filter(kind=kind, enabled=True)
        others = known.filter(Q(team=None) | Q(team=team)).values_list("slug", flat=True)
        raise Invalid.field(
            str(kind), f"there is no {kind} {slug!r}", f"one of {', '.join(others) or 'none configured'}"
        )
    return found


def _draft(slug: str | None, team: int | None) -> LanguageModel | None:
    """The second policy that a strategy's parameters name."""
    if slug is None:
        return None
    try:
        return _model(LanguageModel.Kind.POLICY, slug, team)
    except Invalid as error:
        raise Invalid(error.detail, [FieldError("params.draft", e.message, e.mend) for e in error.errors]) from error


def _problem(problem: ProblemIn, models: Sequence[LanguageModel]) -> dict[str, Any]:
    text = problem.text.strip()
    if not text:
        raise Invalid.field("problem.text", "is empty", "write the problem down")
    if problem.verifier is not None and problem.verifier not in VERIFIERS:
        raise Invalid.field(
            "problem.verifier", f"there is no verifier {problem.verifier!r}", f"one of {', '.join(VERIFIERS)}"
        )
    for model in models:
        if model.domains:
            text = _in_domain(text, model)
    verifier = problem.verifier or infer(text, problem.answer)
    return {"text": text, "answer": problem.answer, "verifier": verifier}


def _in_domain(text: str, model: LanguageModel) -> str:
    """The one spelling of the problem that a model of few domains was trained on."""
    domain = domain_of(text)
    if domain is None or domain.name not in model.domains:
        titles = " or ".join(name for name in model.domains if name in DOMAINS)
        examples = " or ".join(repr(example) for example in model.examples[:2])
        raise Invalid.field(
            "problem.text",
            f"the {model.kind} model {model.slug} reads only {titles} problems",
            f"write it like {examples}, or choose another model" if examples else "choose another model",
        )
    try:
        return domain.canonical_text(text)
    except ValueError as error:
        examples = " or ".join(repr(example) for example in model.examples[:2])
        raise Invalid.field("problem.text", str(error), f"write it like {examples}" if examples else None) from error


def _sampling(policy: LanguageModel, wanted: SamplingIn) -> dict[str, Any]:
    fallback = Sampling()
    defaults = {
        "temperature": fallback.temperature,
        "top_p": fallback.top_p,
        "max_step_tokens": fallback.max_step_tokens,
        "stop": list(fallback.stop),
    }
    given = {name: value for name, value in wanted.model_dump().items() if value is not None}
    return defaults | (policy.settings.get("sampling") or {}) | given


def _budget(wanted: BudgetIn, sampling: dict[str, Any]) -> dict[str, Any]:
    """The caps asked for, or the default budget where none is."""
    caps: dict[str, Any] = {name: getattr(wanted, name) for name in CAPS}
    if all(cap is None for cap in caps.values()):
        caps = dict(DEFAULT_BUDGET)
    least = min(SHORTEST_STEP, sampling["max_step_tokens"])
    if caps["tokens"] is not None and caps["tokens"] < least:
        raise Invalid.field("budget.tokens", f"{caps['tokens']} tokens do not pay for one step", f"at least {least}")
    return caps
