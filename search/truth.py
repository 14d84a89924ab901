"""What is known to be true about a run's problem: finished answers by a verifier, partial solutions by a domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.domains import Domain, domain_of
from search.verifiers import verifier_named
from search.verifiers.base import Verifier


@dataclass(frozen=True)
class Truth:
    """A judge for one problem. Strategies never ask it: it is there for people and for benchmarks."""

    problem: str
    expected: str | None
    verifier: Verifier | None
    domain: Domain | None

    @classmethod
    def of(cls, problem: str, expected: str | None, verifier: str | None) -> Truth | None:
        """The truth about a problem, or None where neither a verifier nor a domain knows anything.

        Raises:
            ValueError: there is no verifier of that name.
        """
        judge = None if verifier is None else verifier_named(verifier)
        domain = readable_domain(problem)
        return None if judge is None and domain is None else cls(problem, expected, judge, domain)

    @property
    def judges_partial(self) -> bool:
        """True if it knows whether a partial solution can still come right."""
        return self.domain is not None

    def completes(self, steps: Sequence[str]) -> bool:
        """True if the domain says that these steps have come to an end, right or wrong."""
        return self.domain is not None and self.domain.complete(self.problem, steps)

    def verdict(self, node: int, steps: Sequence[str], finished: bool) -> dict[str, Any]:
        """One entry of a `verify` effect; only finished solutions have an answer."""
        reachable = None if self.domain is None else self.domain.reachable(self.problem, steps)
        if not finished or self.verifier is None:
            return {"node": node, "answer": None, "canonical": None, "correct": None, "reachable": reachable}
        found = self.verifier.verify(self.problem, self.expected, steps)
        return {
            "node": node,
            "answer": found.answer,
            "canonical": found.canonical,
            "correct": found.correct,
            "reachable": reachable,
        }


def readable_domain(problem: str) -> Domain | None:
    """The domain that can read this problem, or None."""
    domain = domain_of(problem)
    if domain is None:
        return None
    try:
        domain.parse(problem)
    except ValueError:
        return None
    return domain
