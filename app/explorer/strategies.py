"""The engine's strategies, as the web side knows them. Asking for them loads no model library."""

from __future__ import annotations

from functools import cache
from typing import Any

from search.algorithms import registry
from search.algorithms.base import Algorithm


def strategies() -> dict[str, type[Algorithm[Any]]]:
    """Every strategy by its name."""
    return registry()


@cache
def strategies_listed() -> list[dict[str, Any]]:
    """What the API tells about each: name, title, paper, summary, schema of its parameters, what commands do to it."""
    return [strategy.card() for strategy in strategies().values()]
