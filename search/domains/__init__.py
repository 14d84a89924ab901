"""Problems whose exact truth is known: Countdown and Arithmetic. Importable without torch."""

from __future__ import annotations

from search.domains.arithmetic import Arithmetic
from search.domains.base import Domain
from search.domains.countdown import Countdown

DOMAINS: dict[str, Domain] = {domain.name: domain for domain in (Countdown(), Arithmetic())}
"""Every domain by its name."""


def domain_of(problem_text: str) -> Domain | None:
    """The domain whose problems have this text's shape, or None. Its `parse` may still name a mistake."""
    return next((domain for domain in DOMAINS.values() if domain.recognises(problem_text)), None)


__all__ = ["DOMAINS", "Domain", "domain_of"]
