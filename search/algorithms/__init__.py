"""The strategies. The registry is this folder: every `Algorithm` defined in one of its files is known by its name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from search.algorithms.base import Algorithm


class UnknownAlgorithm(ValueError):
    """There is no strategy of that name; the message lists those there are."""


@cache
def registry() -> dict[str, type[Algorithm[Any]]]:
    """Every strategy by its name, in alphabetical order. Importable without torch."""
    found: dict[str, type[Algorithm[Any]]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, Algorithm) and "name" in vars(member):
                found[member.name] = member
    return dict(sorted(found.items()))


def algorithm_named(name: str) -> type[Algorithm[Any]]:
    """The strategy of that name.

    Raises:
        UnknownAlgorithm: there is none.
    """
    if name not in registry():
        raise UnknownAlgorithm(f"there is no algorithm {name!r}; there are: {', '.join(registry())}")
    return registry()[name]
