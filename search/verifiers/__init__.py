"""Verifiers: the final answer against the truth. Importable without torch; math-verify loads on first use."""

from __future__ import annotations

from search.domains import domain_of
from search.verifiers.arithmetic import ARITHMETIC
from search.verifiers.base import Verdict, Verifier
from search.verifiers.countdown import COUNTDOWN
from search.verifiers.exact_match import EXACT_MATCH
from search.verifiers.math import MATH

_VERIFIERS: dict[str, Verifier] = {v.name: v for v in (COUNTDOWN, ARITHMETIC, MATH, EXACT_MATCH)}

VERIFIERS: tuple[str, ...] = tuple(_VERIFIERS)
"""The names `verifier_named` knows."""


def verifier_named(name: str) -> Verifier:
    """The verifier of that name. Raises ValueError that lists the names."""
    if name not in _VERIFIERS:
        raise ValueError(f"There is no verifier named {name!r}; there are: {', '.join(VERIFIERS)}.")
    return _VERIFIERS[name]


def infer(problem_text: str, expected: str | None) -> str | None:
    """The fitting verifier's name: the domain's if it reads the problem, `math` if an answer is known, else None."""
    domain = domain_of(problem_text)
    if domain is not None:
        try:
            domain.parse(problem_text)
        except ValueError:
            domain = None
    if domain is not None:
        return domain.name
    return "math" if expected is not None else None


__all__ = ["VERIFIERS", "Verdict", "Verifier", "infer", "verifier_named"]
