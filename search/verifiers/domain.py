"""Verification by a domain's own truth: the problem text alone decides, an expected answer is not needed."""

from __future__ import annotations

from collections.abc import Sequence

from search.domains import DOMAINS
from search.verifiers.base import Verdict


class DomainVerifier:
    """Asks the domain of the same name. A text that is no problem of it gets `correct=None`."""

    def __init__(self, name: str) -> None:
        """`name` is a key of `DOMAINS`."""
        self.name = name
        self._domain = DOMAINS[name]

    def verify(self, problem_text: str, expected: str | None, steps: Sequence[str]) -> Verdict:
        """The domain's answer, in its normal form, and whether it is right."""
        try:
            answer = self._domain.answer(problem_text, steps)
            return Verdict(answer, answer, self._domain.verify(problem_text, steps))
        except ValueError:
            return Verdict(None, None, None)
