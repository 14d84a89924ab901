"""The flags of `python -m search run`: a strategy's own come from its parameters' schema."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search.algorithms import registry
from search.cli.complaints import BadInput
from search.model_file import ModelFileError
from search.models import sampling_defaults
from search.spec import EMBEDDED, BudgetSpec, RunSpec, SamplingSpec, field_errors


def add_run_arguments(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
    """All flags, and those of the strategy that `given` names (`--algorithm beam --width 8`)."""
    parser.add_argument("--algorithm", required=True, choices=list(registry()), help="the strategy")
    parser.add_argument("--problem", required=True, help="the problem's text, or @FILE to read it from a file")
    parser.add_argument("--answer", help="the right answer, if it is known")
    parser.add_argument("--verifier", help="how answers are compared (inferred by default)")
    parser.add_argument("--policy", default=EMBEDDED, help="the policy: a slug or a model's folder")
    parser.add_argument("--reward", default=EMBEDDED, help="the reward: a slug, a model's folder, or none")
    parser.add_argument(
        "--also-reward", action="append", default=[], metavar="REWARD", help="a reward recorded beside it; repeatable"
    )
    parser.add_argument("--calibration", metavar="FILE", help="a calibration of the reward, recorded beside its scores")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jsonl", metavar="FILE", help="write the journal as JSON Lines; - is standard output")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter, e.g. width=8")
    for title, model in (("sampling", SamplingSpec), ("budget", BudgetSpec)):
        group = parser.add_argument_group(title)
        for name, field in model.model_fields.items():
            many = {"action": "append"} if name == "stop" else {}
            group.add_argument(_flag(name), dest=f"{title}.{name}", help=field.description, **many)  # type: ignore[arg-type]
    algorithm = _named_algorithm(given)
    if algorithm in registry():
        own = parser.add_argument_group(f"parameters of {algorithm}")
        taken = {*SamplingSpec.model_fields, *BudgetSpec.model_fields}
        for name, field in registry()[algorithm].params_type().model_fields.items():
            if name in taken:  # phi_decoding has a temperature of its own: that one goes by --param
                continue
            own.add_argument(_flag(name), dest=f"params.{name}", help=f"{field.description} (default {field.default})")


def spec_from(options: argparse.Namespace) -> RunSpec:
    """The run the flags describe.

    Raises:
        BadInput: names each wrong flag.
    """
    values = {name: value for name, value in vars(options).items() if value is not None and "." in name}
    parts: dict[str, dict[str, Any]] = {"sampling": {}, "budget": {}, "params": {}}
    for name, value in values.items():
        part, _, field = name.partition(".")
        parts[part][field] = _text(value)
    for pair in options.param:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInput(f"--param {pair}: write it as NAME=VALUE")
        parts["params"][name.replace("-", "_")] = _read(value)
    try:
        parts["sampling"] = sampling_defaults(options.policy) | parts["sampling"]
    except ModelFileError as error:
        raise BadInput(str(error)) from error
    problem = {"text": _problem(options.problem), "answer": options.answer, "verifier": options.verifier}
    try:
        return RunSpec.model_validate(
            {
                "problem": problem,
                "algorithm": options.algorithm,
                "policy": options.policy,
                "reward": None if options.reward == "none" else options.reward,
                "also_rewards": options.also_reward,
                "seed": options.seed,
                **parts,
            }
        )
    except ValidationError as error:
        raise BadInput("\n".join(f"{entry['field']}: {entry['message']}" for entry in field_errors(error))) from error


def _problem(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--problem {text}: the file cannot be read ({error})") from error


def _named_algorithm(given: Sequence[str]) -> str:
    for flag, value in zip(given, [*given[1:], ""], strict=True):
        if flag == "--algorithm":
            return value
        if flag.startswith("--algorithm="):
            return flag.partition("=")[2]
    return ""


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [text.encode().decode("unicode_escape") for text in value]
    return _read(value)


def _read(value: str) -> Any:
    """A number or word; pydantic judges whether it fits."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
