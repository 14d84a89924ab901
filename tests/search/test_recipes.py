"""What is copied from a run's page really runs, and runs the same thing."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from typing import Any

import pytest

from search.algorithms import registry
from search.cli.arguments import add_run_arguments, spec_from
from search.recipes import command_of, python_of
from search.spec import RunSpec

PROBLEM = {"text": "3 5 7 11 -> 24", "answer": None, "verifier": "countdown"}


def parsed(command: str) -> RunSpec:
    """The run that the command line makes of a copied command."""
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "search", "run"]
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_run_arguments(parser, words[4:])
    return spec_from(parser.parse_args(words[4:]))


OTHER = {"policy": "elsewhere", "reward": None, "algorithm": "majority"}  # models that read any text


def spec(**changes: Any) -> RunSpec:
    return RunSpec.model_validate({"problem": PROBLEM, "algorithm": "beam", "seed": 7, **changes})


@pytest.mark.parametrize("algorithm", list(registry()))
def test_a_command_of_every_strategy_means_the_same_run(algorithm: str) -> None:
    wanted = spec(algorithm=algorithm)
    assert parsed(command_of(wanted)) == wanted


@pytest.mark.parametrize(
    "changes",
    [
        {"params": {"width": 9, "proposals": 2}},
        {"reward": None, "algorithm": "majority"},
        {"also_rewards": ["exact"]},
        {"budget": {"tokens": 4000, "seconds": 12.5}},
        {"sampling": {"temperature": 0, "top_p": 0.9, "max_step_tokens": 32, "stop": ["\n", "<end>", "é\t'\\"]}},
        OTHER | {"problem": {"text": "@home; rm -rf $(x) `y` \"z\" 'q' | é 解\n\nsecond line", "answer": "-1"}},
        OTHER | {"problem": {"text": "--seed 3", "answer": "x=1", "verifier": "exact_match"}},
        {"seed": 2**53 - 1},
    ],
)
def test_a_command_survives_the_shell(changes: dict[str, Any]) -> None:
    wanted = spec(**changes)
    assert parsed(command_of(wanted)) == wanted


def test_words_that_look_like_numbers_stay_words() -> None:
    from search.recipes import _value

    assert [_value(value) for value in ("exp", "12", "true", 12, True, [1, "a"])] == [
        "exp", '"12"', '"true"', "12", "true", '[1, "a"]',
    ]  # fmt: skip


def test_the_script_runs_and_finds_what_the_command_finds() -> None:
    wanted = spec(algorithm="greedy", budget={"tokens": 200})
    script = subprocess.run([sys.executable, "-c", python_of(wanted)], capture_output=True, text=True, timeout=120)
    assert script.returncode == 0, script.stderr
    words = shlex.split(command_of(wanted))[1:]
    command = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=120)
    assert command.returncode == 0, command.stderr
    answer = script.stdout.splitlines()[-1].partition("answer: ")[2].rpartition(" ")[0]
    assert answer
    assert answer in command.stdout
