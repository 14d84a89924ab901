"""`python -m search rescore` and `rollouts`: a finished run, seen with another reward or with more of its policy."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from search.branch_value import BranchValue, NothingToContinue, value_of
from search.cli.complaints import BadInput
from search.cli.journals import read_tree
from search.cli.models import loaded
from search.events import Payload
from search.models import load_policy, load_reward
from search.policies.base import PolicyError
from search.rescoring import Rescoring, rescore, score_tree, stored_scores
from search.rewards.base import RewardError
from search.tree import Tree

MOST_PATHS = 20


def add_hindsight_arguments(commands: Any) -> None:
    """Both subcommands."""
    rescoring = commands.add_parser("rescore", help="compare a run's cuts and ranks with those of another reward")
    rescoring.add_argument("file", help="a journal as JSON Lines; - is standard input")
    rescoring.add_argument(
        "--reward", required=True, help="a reward that the run recorded beside its own, a slug, or a model's folder"
    )
    rolling = commands.add_parser("rollouts", help="complete a step K times, outside the run's budget")
    rolling.add_argument("file", help="a journal as JSON Lines; - is standard input")
    rolling.add_argument("--node", type=int, required=True, help="index of the step, pruned or not")
    rolling.add_argument("-k", type=int, default=16, help="completions (default 16)")
    rolling.add_argument("--policy", help="a slug or a model's folder (default: the run's)")
    rolling.add_argument("--max-steps", type=int, default=32, help="most further steps (default 32)")
    for parser in (rescoring, rolling):
        parser.add_argument("--json", action="store_true", help="as JSON")


def rescore_journal(options: argparse.Namespace) -> int:
    """Print rank flips and the cuts that would have gone otherwise. 1 if the reward fails.

    Raises:
        BadInput: the file is no journal of a scored run.
    """
    header, tree, events = read_tree(options.file)
    if all(node.reward is None for node in tree.nodes):
        raise BadInput(f"{options.file}: the run has no reward to compare with")
    try:
        scores = stored_scores(tree, options.reward) or asyncio.run(_scores(header, tree, options.reward))
    except RewardError as error:
        print(error, file=sys.stderr)
        return 1
    found = rescore(tree, events, scores)
    former = (header.get("reward") or {}).get("slug", "the run's reward")
    print(json.dumps(found.as_dict()) if options.json else rescoring_text(found, tree, former, options.reward))
    return 0


async def _scores(header: Payload, tree: Tree, name: str) -> dict[int, float]:
    reward = await loaded(load_reward, name)
    return await score_tree(tree, header["problem"]["text"], reward)


def rescoring_text(found: Rescoring, tree: Tree, former: str, name: str) -> str:
    """What a person reads of a comparison."""
    lines = [f"finished paths, ranked by {former} and by {name}:"]
    for shift in found.shifts[:MOST_PATHS]:
        lines.append(
            f"  {shift.former_rank:>3} → {shift.rank:<3}  node {shift.node:<5} {shift.former_score:.4f} →"
            f" {shift.score:.4f}  {_judged(shift.correct)}".rstrip()
        )
    if len(found.shifts) > MOST_PATHS:
        lines.append(f"  … {len(found.shifts) - MOST_PATHS} more; --json has them all")
    lines += ["", f"{found.flipped} of {found.pairs} pairs of paths are ordered the other way round"]
    lines.append(f"{len(found.cuts)} of {found.decided} cuts by reward would have gone otherwise:")
    for cut in found.cuts:
        right = f" (still right: {_listed(cut.right_spared)})" if cut.right_spared else ""
        lines.append(
            f"  event {cut.seq}, {cut.rule}, {cut.kept} of {cut.of}: it would have kept {_listed(cut.spared)}{right}"
            f" and cut {_listed(cut.lost)}"
        )
    for title, best in ((former, found.former_best), (name, found.best)):
        if best is not None:
            said = tree[best].answer if tree[best].answer is not None else tree[best].text
            lines.append(f"best by {title}: node {best}, {said} {_judged(tree[best].correct)}".rstrip())
    return "\n".join(lines)


def roll_out_journal(options: argparse.Namespace) -> int:
    """Print the completions and how many of them are right. 1 if the policy fails.

    Raises:
        BadInput: the file is no journal, or there is nothing to continue at this node.
    """
    if not 1 <= options.k <= 4096:
        raise BadInput(f"-k {options.k}: give a number from 1 to 4096")
    if not 1 <= options.max_steps <= 1000:
        raise BadInput(f"--max-steps {options.max_steps}: give a number from 1 to 1000")
    header, tree, _ = read_tree(options.file)
    if not 0 <= options.node < len(tree):
        raise BadInput(f"--node {options.node}: the last node is {len(tree) - 1}")
    try:
        found = asyncio.run(_value(header, tree, options))
    except NothingToContinue as error:
        raise BadInput(f"--node {options.node}: {error}") from error
    except PolicyError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found.as_dict(), ensure_ascii=False) if options.json else branch_text(found))
    return 0


async def _value(header: Payload, tree: Tree, options: argparse.Namespace) -> BranchValue:
    policy = await loaded(load_policy, options.policy or header["policy"]["slug"])
    return await value_of(header, tree, tree[options.node], options.k, policy, max_steps=options.max_steps)


def branch_text(found: BranchValue) -> str:
    """What a person reads of a branch's completions."""
    lines = []
    for completion in found.completions:
        ended = _judged(completion.correct) if completion.finished else "did not end"
        lines.append(f"  {' ⏎ '.join(completion.steps)}  {ended}".rstrip())
    lines += ["", f"{found.tokens} tokens outside the run's budget; node {found.node} is {found.status}"]
    if found.interval is None:
        return "\n".join([*lines, "nothing is known about the right answer"])
    low, high = found.interval
    count = len(found.completions)
    return "\n".join(
        [*lines, f"right: {found.right} of {count}, {found.share:.0%} (95 % interval {low:.0%} to {high:.0%})"]
    )


def _judged(correct: bool | None) -> str:
    return {True: "right", False: "wrong", None: ""}[correct]


def _listed(nodes: list[int]) -> str:
    return ", ".join(map(str, nodes))
