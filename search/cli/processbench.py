"""`python -m search processbench`: the F1 table of a reward on a file of labelled solutions."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from search.cli.complaints import BadInput
from search.cli.models import loaded
from search.datasets import MalformedRecord
from search.datasets.records import LabelledPath
from search.datasets.registry import FORMATS, guess
from search.first_errors import Found, first_below, first_error, step_scores
from search.models import load_reward
from search.rewards.base import RewardError
from search.spec import EMBEDDED

ALL = "all"


def add_processbench_arguments(commands: Any) -> None:
    """The subcommand."""
    parser = commands.add_parser("processbench", help="how well a reward finds the first wrong step: ProcessBench's F1")
    parser.add_argument("file", help="ProcessBench's JSON, or any other format of labelled paths")
    parser.add_argument("--reward", default=EMBEDDED, help="a slug or a model's folder (default: the embedded one)")
    parser.add_argument("--threshold", type=float, default=0.5, help="a step that scores less is wrong (default 0.5)")
    parser.add_argument("--limit", type=int, help="the first N solutions")
    parser.add_argument("--json", action="store_true", help="as JSON")


def processbench(options: argparse.Namespace) -> int:
    """Print F1 and both accuracies, by the part of the benchmark that the ids name. 1 if the reward fails.

    Raises:
        BadInput: the file holds no labelled solutions, or a flag is wrong.
    """
    if not 0 <= options.threshold <= 1:
        raise BadInput(f"--threshold {options.threshold}: give a number from 0 to 1")
    try:
        parts = asyncio.run(_parts(options))
    except (OSError, MalformedRecord) as error:
        raise BadInput(f"{options.file}: {error}") from error
    except ValueError as error:
        raise BadInput(f"--reward {options.reward}: {error}") from error
    except RewardError as error:
        print(error, file=sys.stderr)
        return 1
    if not parts[ALL].correct + parts[ALL].erroneous:
        raise BadInput(f"{options.file}: holds no solution")
    print(json.dumps({name: _row(found) for name, found in parts.items()}) if options.json else _table(parts))
    return 0


async def _parts(options: argparse.Namespace) -> dict[str, Found]:
    parts: dict[str, Found] = {}
    whole = Found()
    paths = _paths(options.file, options.limit)
    reward = await loaded(load_reward, options.reward)
    async for path, scores in step_scores(paths, reward):
        label, predicted = first_error(path.ratings), first_below(scores, options.threshold)
        name = str(path.fields.get("id", "")).rpartition("-")[0]
        for found in (whole, parts.setdefault(name, Found())):
            found.count(label, predicted)
    named = {name: parts[name] for name in sorted(parts) if name}
    return (named if len(named) > 1 else {}) | {ALL: whole}


def _paths(file: str, limit: int | None) -> Iterator[LabelledPath]:
    with open(file, "rb") as stream:
        format = guess(stream)
    if format is None or FORMATS[format].shape != "path":
        raise BadInput(f"{file}: is no file of labelled solutions, such as ProcessBench's")
    with open(file, "rb") as stream:
        for number, path in enumerate(FORMATS[format].read(stream)):
            if number == limit:
                return
            if isinstance(path, LabelledPath):
                yield path


def _row(found: Found) -> dict[str, Any]:
    return {
        "solutions": found.erroneous + found.correct,
        "error": found.error_accuracy,
        "correct": found.correct_accuracy,
        "f1": found.f1,
    }


def _table(parts: dict[str, Found]) -> str:
    lines = [f"{'':<20} {'solutions':>9} {'error':>7} {'correct':>8} {'F1':>7}"]
    for name, found in parts.items():
        row = _row(found)
        numbers = [_percent(row[column]) for column in ("error", "correct", "f1")]
        lines.append(f"{name:<20} {row['solutions']:>9} {numbers[0]:>7} {numbers[1]:>8} {numbers[2]:>7}")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
