"""`python -m app.bench [--only PART]`: measure, print a table, write bench.json.

A part is a module of this package (or several: contract.FURTHER) with a `measure()` that returns figures. Parts that
nobody has written yet appear in the table with that reason, and so does a part that fails: the others are measured all
the same.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from app.bench.contract import FURTHER, PARTS, complete
from app.bench.figure import Figure


def measure(parts: list[str]) -> list[Figure]:
    """Every figure of the contract; those of parts not asked for are null."""
    measured: list[Figure] = []
    reasons = {part: f"not asked for: only {', '.join(parts)}" for part in PARTS if part not in parts}
    modules = [(part, module) for part in parts for module in (*FURTHER.get(part, ()), part)]
    for part, module in modules:
        if importlib.util.find_spec(f"app.bench.{module}") is None:
            continue
        print(f"{part}: measuring {module} …", file=sys.stderr, flush=True)
        try:
            measured += importlib.import_module(f"app.bench.{module}").measure()
        except Exception as error:  # one part's trouble is not the others'
            traceback.print_exc()
            reasons[part] = f"the measurement failed: {type(error).__name__}: {error}".splitlines()[0]
    return complete(measured, reasons)


def table(figures: list[Figure]) -> str:
    """Name, value, unit, target and whether it is met."""
    lines = [f"{'figure':<30} {'value':>12} {'unit':<9} {'target':>10}"]
    for figure in figures:
        value = "–" if figure.value is None else f"{figure.value:,.2f}".rstrip("0").rstrip(".")
        sign = "≥" if figure.better == "higher" else "≤"
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        lines.append(f"{figure.name:<30} {value:>12} {figure.unit:<9} {target:>10}  {_verdict(figure)}".rstrip())
    return "\n".join(lines)


def _verdict(figure: Figure) -> str:
    words = []
    if figure.value is not None and figure.target is not None:
        met = figure.value >= figure.target if figure.better == "higher" else figure.value <= figure.target
        words.append("met" if met else "MISSED")
    return "; ".join([*words, figure.why] if figure.why else words)


def main() -> int:
    """0 when everything asked for was measured, 1 when a measurement failed."""
    parser = argparse.ArgumentParser(prog="python -m app.bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, default=os.environ.get("ONLY") or None, help="one part")
    parser.add_argument("--output", type=Path, default=Path("bench.json"))
    arguments = parser.parse_args()
    figures = measure([arguments.only] if arguments.only else list(PARTS))
    arguments.output.write_text(json.dumps([asdict(figure) for figure in figures], indent=1, ensure_ascii=False) + "\n")
    print(table(figures))
    print(f"\nwritten to {arguments.output}")
    return 1 if any("the measurement failed" in (figure.why or "") for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
