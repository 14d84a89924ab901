"""`python -m search algorithms`."""

from __future__ import annotations

import json
import textwrap

from search.spec import algorithms


def list_algorithms(*, as_json: bool) -> int:
    """Print every strategy with its parameters, ranges and defaults."""
    cards = algorithms()
    if as_json:
        print(json.dumps(cards, ensure_ascii=False, indent=1))
        return 0
    for card in cards:
        print(f"{card['name']}: {card['title']}")
        print(textwrap.fill(card["summary"], 100, initial_indent="  ", subsequent_indent="  "))
        if card["paper"]:
            print(textwrap.fill(f"“{card['paper']}”", 100, initial_indent="  ", subsequent_indent="  "))
        for name, schema in card["params"].get("properties", {}).items():
            print(f"    --{name.replace('_', '-'):<20} {_range(schema):<44} default {schema.get('default')}")
            print(f"      {schema.get('description', '')}")
        print()
    return 0


def _range(schema: dict[str, object]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))  # type: ignore[call-overload]
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    more = "> " if "exclusiveMinimum" in schema else ""
    return f"{schema.get('type')} {more}{low} to {schema.get('maximum')}"
