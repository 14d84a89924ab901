"""`python -m search select`: what every selection rule makes of a finished pool, without generating anything."""

from __future__ import annotations

import argparse
import json
import math
from typing import Any, get_args

from search.aggregation import Aggregation
from search.cli.complaints import BadInput
from search.cli.journals import read_tree
from search.comparison import Comparison, UnknownRule, Verdict, compare
from search.selection import Settings


def add_select_arguments(commands: Any) -> None:
    """The subcommand."""
    selecting = commands.add_parser("select", help="let every selection rule answer from a finished run's paths")
    selecting.add_argument("file", help="a journal as JSON Lines; - is standard input")
    selecting.add_argument("--rules", help="names with commas between them (default: all)")
    selecting.add_argument(
        "--aggregation", choices=get_args(Aggregation), default="last", help="how step scores become a path's"
    )
    selecting.add_argument("--power", type=float, default=0.5, help="of the Borda votes by self-certainty, 0 to 10")
    selecting.add_argument("--first", type=int, default=3, help="how many of the first finished vote, 1 to 256")
    selecting.add_argument("--json", action="store_true", help="as JSON, pass@k included")


def select(options: argparse.Namespace) -> int:
    """Print the table.

    Raises:
        BadInput: the file is no journal, a rule is unknown, or the power is out of range.
    """
    if not (math.isfinite(options.power) and 0 <= options.power <= 10):
        raise BadInput(f"--power {options.power}: give a number from 0 to 10")
    if not 1 <= options.first <= 256:
        raise BadInput(f"--first {options.first}: give a number from 1 to 256")
    _, tree, _ = read_tree(options.file)
    try:
        names = None if options.rules is None else [name.strip() for name in options.rules.split(",") if name.strip()]
        found = compare(tree, names, Settings(options.aggregation, options.power, options.first))
    except UnknownRule as error:
        raise BadInput(f"--rules: {error}") from error
    print(json.dumps(found.as_dict(), ensure_ascii=False) if options.json else table(found))
    return 0


def table(found: Comparison) -> str:
    """The verdicts as lines of a table, pass@k below."""
    rows = [("rule", "answer", "paths", "weight", "share", ""), *map(_row, found.verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    judged = f"{found.right} of {found.judged} judged are right" if found.judged else "nothing to judge them by"
    lines += ["", f"{found.paths} finished paths, {judged}"]
    if found.coverage:
        lines.append("pass@k  " + "  ".join(f"{k}: {value:.3f}" for k, value in found.coverage))
    return "\n".join(lines)


def _row(verdict: Verdict) -> tuple[str, str, str, str, str, str]:
    if verdict.refused is not None:
        return verdict.rule, "–", "", "", "", verdict.refused
    answer = " ".join((verdict.answer or "").split())
    return (
        verdict.rule,
        answer if len(answer) <= 40 else answer[:39] + "…",
        str(verdict.count),
        "" if verdict.score is None else f"{verdict.score:.4g}",
        "" if verdict.share is None else f"{verdict.share:.0%}",
        {True: "right", False: "wrong", None: ""}[verdict.correct],
    )
