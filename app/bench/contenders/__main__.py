"""`python -m app.bench.contenders NAME --endpoint URL …`: one contender's turn; prints a JSON list of matches."""

from __future__ import annotations

import argparse
import importlib
import json

from app.bench.contenders.task import problems


def main() -> None:
    """A first, untimed problem opens connections and loads the reward."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=("espalier", "treequest_peer", "its_hub_peer"))
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--strategies", required=True, help="with commas")
    parser.add_argument("--problems", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    options = parser.parse_args()
    compete = importlib.import_module(f"app.bench.contenders.{options.contender}").compete
    strategies = options.strategies.split(",")
    asked = problems(options.problems + 1)
    compete(options.endpoint, options.model, strategies[:1], asked[-1:], 1)
    reports = compete(options.endpoint, options.model, strategies, asked[:-1], options.at_once)
    print(json.dumps([report.as_dict() for report in reports]))


if __name__ == "__main__":
    main()
