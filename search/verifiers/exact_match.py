"""Exact match: the final answer's text equals the expected one, blanks and letter case aside."""

from __future__ import annotations

from collections.abc import Sequence

from search.verifiers.base import Verdict
from search.verifiers.extraction import final_answer


class ExactMatch:
    """For problems whose answers are words, names or options."""

    name = "exact_match"

    def verify(self, problem_text: str, expected: str | None, steps: Sequence[str]) -> Verdict:
        """Correct is None without an expected answer."""
        answer = final_answer(steps)
        canonical = None if answer is None else _folded(answer)
        if expected is None:
            return Verdict(answer, canonical, None)
        return Verdict(answer, canonical, canonical is not None and canonical == _folded(expected))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


EXACT_MATCH = ExactMatch()
