"""`python -m search bench run|report|table|winners|mix|recreate`: strategies against each other at equal budgets."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from search.bench.bench import How, run_bench
from search.bench.plan import BadPlan, Plan, read_plan, said
from search.bench.problem_sets import BadProblems
from search.bench.processes import WorkerLost
from search.bench.recreate import FIGURES, figure_text
from search.bench.report import write_report
from search.bench.results import BadResults
from search.bench.table import TABLE, gates_text
from search.bench.text import results_text
from search.cli.complaints import BadInput
from search.cli.learning import add_learning_arguments, add_recreate_arguments, learn
from search.policies.base import PolicyError
from search.rewards.base import RewardError

EXAMPLES = """examples:
  python -m search bench run --results var/bench/first.jsonl --set countdown:5:100 --set arithmetic:6:100 \\
      --strategy "best_of_n n=16" --strategy "beam width=4 proposals=4" --strategy "mcts" --tokens 1000
  python -m search bench run --results var/bench/own.jsonl --plan my-plan.json --processes 2
  python -m search bench report var/bench/first.jsonl
  python -m search bench table --split dev --problems 50
  python -m search bench recreate particles
"""


def add_bench_arguments(commands: Any) -> None:
    """The subcommands of `bench`."""
    bench = commands.add_parser(
        "bench", help="measure strategies at equal budgets", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    kinds = bench.add_subparsers(dest="bench", required=True)

    run = kinds.add_parser("run", help="run a plan, or go on with one that was stopped", allow_abbrev=False)
    run.add_argument("--results", required=True, type=Path, help="JSON lines; finished runs in it are not run again")
    run.add_argument("--plan", type=Path, help="a plan as JSON; the flags below make one instead")
    run.add_argument("--set", action="append", default=[], metavar="SET",
                     help="DOMAIN[:NUMBERS][:PROBLEMS], game24[:PROBLEMS], or FILE[:PROBLEMS]")  # fmt: skip
    run.add_argument("--strategy", action="append", default=[], metavar="'NAME PARAM=VALUE …'",
                     help="a strategy with its parameters; as=LABEL names it in the report")  # fmt: skip
    run.add_argument("--tokens", type=int, action="append", help="a budget of generated tokens; may be repeated")
    run.add_argument("--reward-calls", type=int, action="append", help="a budget of reward passes; may be repeated")
    run.add_argument("--seeds", type=int, nargs="+")
    run.add_argument("--split", choices=["dev", "test"], default="dev")
    run.add_argument("--temperature", type=float)
    run.add_argument("--policy")
    run.add_argument("--reward", help="a reward, or none")
    _add_how(run)

    report = kinds.add_parser("report", help="print the tables and write the HTML report of a results file")
    report.add_argument("results", type=Path)
    report.add_argument("--html", type=Path, help="default: beside the results file")

    table = kinds.add_parser("table", help="the table of what search gains with the embedded models")
    table.add_argument("--split", choices=["dev", "test"], default="test")
    table.add_argument("--results", type=Path, help="default: var/bench/table-SPLIT-WEIGHTS.jsonl")
    _add_how(table)
    add_learning_arguments(kinds)
    _add_how(add_recreate_arguments(kinds))


def _add_how(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--problems", type=_positive, help="at most that many problems a set")
    parser.add_argument("--processes", type=_positive, default=1, help="each with engines of its own (default 1)")
    parser.add_argument("--at-once", type=_positive, default=32, help="searches under way in a process (default 32)")
    parser.add_argument("--journals", type=Path, help="a folder to keep every run's journal in")
    parser.add_argument("--allow-code-change", action="store_true", help="go on although the engine's code has changed")


def bench(options: argparse.Namespace) -> int:
    """Run, report or table. Stopping with Ctrl-C loses the runs under way only.

    Raises:
        BadInput: names what is wrong.
    """
    try:
        if options.bench == "report":
            return _report(options.results, options.html)
        if options.bench in ("winners", "mix"):
            return learn(options)
        if options.bench == "recreate":
            return _recreate(options)
        plan = read_plan(TABLE) if options.bench == "table" else _plan(options)
        if options.bench == "table":
            plan = plan.model_copy(update={"split": options.split})
        return _report(_run(plan, options, f"table-{plan.split}"), None)
    except (BadPlan, BadProblems, BadResults) as error:
        raise BadInput(str(error)) from error
    except (PolicyError, RewardError, WorkerLost) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130


def _run(plan: Plan, options: argparse.Namespace, named: str) -> Path:
    """Run what is missing; where the results are."""
    if options.problems is not None:
        plan = plan.shortened(options.problems)
    path: Path = options.results or _path(plan, named)
    run_bench(plan, path, How(options.processes, options.at_once, options.journals, options.allow_code_change))
    return path


def _recreate(options: argparse.Namespace) -> int:
    names = list(FIGURES) if options.name == "all" else [options.name]
    if options.results is not None and len({FIGURES[name].plan for name in names}) > 1:
        raise BadPlan("--results names one file, and these figures come from two plans: leave it out, or name one")
    for name in names:
        path = _run(read_plan(FIGURES[name].settings), options, FIGURES[name].plan)
        print(figure_text(name, path), end="\n\n")
    return 0


def _report(path: Path, html: Path | None) -> int:
    print(results_text(path))
    gates = gates_text(path)
    if gates:
        print(gates)
    print(f"report: {write_report(path, html or path.with_suffix('.html'))}")
    return 0


def _path(plan: Plan, named: str) -> Path:
    """Results of different weights get different files by themselves."""
    from search.models import load_policy, load_reward

    described = [load_policy(plan.policy).describe(), load_reward(plan.reward or "embedded").describe()]
    weights = "-".join(str(model.get("weights_sha256", "none"))[:8] for model in described)
    return Path("var/bench") / f"{named}-{weights}.jsonl"


def _plan(options: argparse.Namespace) -> Plan:
    flags = [name for name in ("set", "strategy", "tokens", "reward_calls", "seeds") if getattr(options, name)]
    if options.plan is not None:
        if flags:
            raise BadPlan(f"--{flags[0].replace('_', '-')} and --plan do not go together: put it into the plan")
        return read_plan(options.plan)
    if not options.set or not options.strategy:
        raise BadPlan("name at least one --set and one --strategy, or a --plan")
    values: dict[str, Any] = {
        "split": options.split,
        "sets": [_set(text) for text in options.set],
        "strategies": [_strategy(text) for text in options.strategy],
        "budgets": _budgets(options.tokens, options.reward_calls),
        "sampling": {} if options.temperature is None else {"temperature": options.temperature},
    }
    if options.seeds:
        values["seeds"] = options.seeds
    if options.policy is not None:
        values["policy"] = options.policy
    if options.reward is not None:
        values["reward"] = None if options.reward == "none" else options.reward
    try:
        return Plan.model_validate(values)
    except ValidationError as error:
        raise BadPlan(said(error)) from error


def _set(text: str) -> dict[str, Any]:
    """`countdown:5:200`, `game24:100`, `problems.jsonl:50`."""
    head, *numbers = text.split(":")
    sized = head in ("countdown", "arithmetic")
    if not sized and head != "game24" and not Path(head).suffix:
        raise BadPlan(f"--set {text}: name countdown, arithmetic, game24 or a file that ends in .jsonl or .csv")
    if not all(number.isdecimal() for number in numbers) or len(numbers) > (2 if sized else 1):
        raise BadPlan(f"--set {text}: write DOMAIN[:NUMBERS][:PROBLEMS], game24[:PROBLEMS] or FILE[:PROBLEMS]")
    given = [int(number) for number in numbers]
    named: dict[str, Any] = {"name": "game of 24", "game24": True}
    if sized:
        size = given.pop(0) if given else None
        named = {"name": head if size is None else f"{head} {size}", "domain": head, "size": size}
    elif head != "game24":
        named = {"name": Path(head).stem, "file": head}
    return named | ({"problems": given[0]} if given else {})


def _strategy(text: str) -> dict[str, Any]:
    """`beam width=4 as=narrow`; the label is the text itself unless it says otherwise."""
    algorithm, *pairs = shlex.split(text)
    params: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadPlan(f"--strategy {text!r}: write {pair!r} as PARAMETER=VALUE")
        params[name] = value if name == "as" else _read(value)
    label = params.pop("as", text)
    return {"name": label, "algorithm": algorithm, "params": params}


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _budgets(tokens: list[int] | None, calls: list[int] | None) -> list[dict[str, int]]:
    if tokens and calls:
        raise BadPlan("--tokens and --reward-calls: give budgets of one kind, or write a --plan")
    if calls:
        return [{"reward_calls": number} for number in calls]
    return [{"tokens": number} for number in tokens] if tokens else [{}]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)
