"""`python -m search select`: what every selection rule makes of a finished pool, without generating anything."""

from __future__ import annotations

import json
import math
from typing import get_args

from search.aggregation import Aggregation
from search.cli.complaints import BadInput
from search.cli.journals import read_tree
from search.comparison import Comparison, UnknownRule, Verdict, compare
from search.selection import Settings

AGGREGATIONS = get_args(Aggregation)


def select(path: str, rules: str | None, aggregation: Aggregation, power: float, *, as_json: bool) -> int:
    """Print the table; `rules` are names with commas between them, by default all.

    Raises:
        BadInput: the file is no journal, a rule is unknown, or the power is out of range.
    """
    if not (math.isfinite(power) and 0 <= power <= 10):
        raise BadInput(f"--power {power}: give a number from 0 to 10")
    _, tree = read_tree(path)
    try:
        names = None if rules is None else [name.strip() for name in rules.split(",") if name.strip()]
        found = compare(tree, names, Settings(aggregation, power))
    except UnknownRule as error:
        raise BadInput(f"--rules: {error}") from error
    print(json.dumps(found.as_dict(), ensure_ascii=False) if as_json else table(found))
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
